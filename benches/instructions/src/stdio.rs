//! Whole calls over a pipe that is in memory, one after the other.

use anyhow::{Result, ensure};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, ReadHalf};
use tokio::io::{WriteHalf, duplex, split};
use toolsmith::Stdio;

use crate::messages;
use crate::{Done, Repeats, Work, server};

/// More than a message has.
const BUFFER: usize = 64 * 1024;

pub(crate) fn modern(repeats: Repeats) -> Work {
    Box::pin(async move {
        let pipe = Pipe::open()?;
        let line = messages::modern("tools/call", messages::add());
        pipe.ask_again(&line, repeats).await
    })
}

pub(crate) fn legacy(repeats: Repeats) -> Work {
    Box::pin(async move {
        let mut pipe = Pipe::open()?;
        pipe.ask(&format!("{}\n", messages::initialize())).await?;
        let text = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        pipe.input.write_all(format!("{text}\n").as_bytes()).await?;
        let line = messages::legacy("tools/call", &messages::add());
        pipe.ask_again(&line, repeats).await
    })
}

/// The client's ends of a pipe to a server that runs beside it.
struct Pipe {
    input: WriteHalf<DuplexStream>,
    output: BufReader<ReadHalf<DuplexStream>>,
    answer: Vec<u8>,
}

impl Pipe {
    fn open() -> Result<Self> {
        let engine = server::small().build()?;
        let (ours, its) = duplex(BUFFER);
        let (input, output) = split(its);
        tokio::spawn(Stdio::new().serve_streams(engine, input, output));
        let (output, input) = split(ours);
        Ok(Self {
            input,
            output: BufReader::new(output),
            answer: Vec::new(),
        })
    }

    async fn ask_again(mut self, line: &str, repeats: Repeats) -> Result<Done> {
        let line = format!("{line}\n");
        for _ in 0..repeats.done {
            self.ask(&line).await?;
        }
        Done::new(std::mem::take(&mut self.answer), self)
    }

    async fn ask(&mut self, line: &str) -> Result<()> {
        self.input.write_all(line.as_bytes()).await?;
        self.answer.clear();
        let read = self.output.read_until(b'\n', &mut self.answer).await?;
        ensure!(read > 0, "the server has ended");
        Ok(())
    }
}
