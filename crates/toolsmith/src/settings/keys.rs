//! The keys that state is sealed with, from a setting or from a file.

use std::fs::File;
use std::io::Read as _;

use super::values::Values;
use crate::server::StateKey;
use crate::{Error, Result};

/// The largest file of keys, in bytes: some hundreds of lines.
const MAX_FILE: u64 = 64 * 1024;

/// Reads the keys: none, where nothing was set.
pub(super) fn read(values: &Values) -> Result<Vec<StateKey>> {
    let (keys, file) = (values.words("state_key"), values.one("state_key_file"));
    match (keys.is_empty(), file.as_str()) {
        (_, "") => keys.iter().map(|key| parse("state-key", key)).collect(),
        (true, file) => of_file(file),
        (false, _) => Err(
            Error::setting("--state-key and --state-key-file are both set")
                .with_hint("leave one of them out, here and in the environment"),
        ),
    }
}

/// Reads a file of keys: one to a line, with lines that are empty or begin with `#` between
/// them.
fn of_file(path: &str) -> Result<Vec<StateKey>> {
    let problem = |what: String| Error::setting(format!("--state-key-file: {what}"));
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_string(&mut text));
    match read {
        Err(error) => return Err(problem(format!("'{path}' cannot be read: {error}"))),
        Ok(read) if read as u64 > MAX_FILE => {
            return Err(problem(format!(
                "'{path}' has more than {MAX_FILE} bytes, which is no file of keys"
            )));
        }
        Ok(_) => {}
    }
    let lines = text.lines().map(str::trim).enumerate();
    let keys: Result<Vec<StateKey>> = lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(index, line)| parse(&format!("state-key-file: line {}", index + 1), line))
        .collect();
    match keys? {
        none if none.is_empty() => Err(problem(format!("'{path}' holds no key"))
            .with_hint(format!("make one with: openssl rand -hex 32 > {path}"))),
        keys => Ok(keys),
    }
}

/// Reads a key. The error says how long the text was, and does not repeat it.
fn parse(flag: &str, text: &str) -> Result<StateKey> {
    StateKey::parse(text).map_err(|error| {
        Error::setting(format!("--{flag}: {error}"))
            .with_hint("a password is no key, and a short one can be guessed")
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex, PoisonError};

    use serde_json::{Value, json};

    use crate::Args;
    use crate::server::tool::DynamicTool;
    use crate::server::{Engine, Server};
    use crate::testing::TestClient;
    use crate::transport::Transport as _;

    const ONE: &str = "8f0e3c5d9a7b61424c1d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7a8b9c0d";
    const OTHER: &str = "2SmKENGwc1g33EvYXaxkGw887yekfl1TpU8vP1svz/o";

    fn args(words: &[&str]) -> crate::Result<Args> {
        Args::try_parse_from(["server"].iter().chain(words))
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("writing");
        file
    }

    fn refused(words: &[&str], said: &[&str], unsaid: &str) {
        let error = args(words).expect_err("it is wrong");
        let error = format!("{error:?}");
        for word in said {
            assert!(error.contains(word), "{word} is not in: {error}");
        }
        assert!(!error.contains(unsaid), "the key is in: {error}");
    }

    #[test]
    fn keys_are_read_and_not_shown() {
        let path = file(&format!("# new\n{ONE}\n\n  {OTHER}  \n"));
        let path = path.path().to_str().expect("a path");
        for (words, keys) in [
            ([].as_slice(), 0),
            (&["--state-key", ONE], 1),
            (&["--state-key", ONE, "--state-key", OTHER], 2),
            (&["--state-key-file", path], 2),
        ] {
            let args = args(words).expect("these are keys");
            let shown = format!("{args:?}");
            assert_eq!(shown.matches("StateKey(").count(), keys, "{shown}");
            assert!(!shown.contains(&ONE[..8]), "the key is in: {shown}");
            assert!(!shown.contains(&OTHER[..8]), "the key is in: {shown}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_repeated() {
        let short = "hunter2hunter2";
        let words = [
            "--state-key: ",
            "64 hexadecimal digits",
            "the 14 bytes",
            "openssl rand -hex 32",
        ];
        refused(&["--state-key", short], &words, short);
        refused(&["--state-key", &ONE[..62]], &["the 62 bytes"], &ONE[..8]);

        let path = file(&format!("{ONE}\n{short}\n"));
        let path = path.path().to_str().expect("a path");
        let words = ["--state-key-file: line 2: ", "64 hexadecimal digits"];
        refused(&["--state-key-file", path], &words, short);
    }

    #[test]
    fn a_file_that_holds_no_key_is_refused() {
        let empty = file("# nothing\n");
        let empty = empty.path().to_str().expect("a path");
        refused(
            &["--state-key-file", empty],
            &["holds no key", empty, "openssl"],
            ONE,
        );
        let large = file(&"# long\n".repeat(10_000));
        let large = large.path().to_str().expect("a path");
        refused(
            &["--state-key-file", large],
            &["more than 65536 bytes", large],
            ONE,
        );
        refused(
            &["--state-key-file", "/none"],
            &["'/none' cannot be read"],
            ONE,
        );
        let both = ["--state-key", ONE, "--state-key-file", empty];
        refused(&both, &["both set", "leave one of them out"], ONE);
    }

    /// A server that asks for roots and counts them, with the keys that flags give it.
    fn asking(words: &[&str]) -> Engine {
        let schema = json!({"type": "object"});
        let count = DynamicTool::new("count", schema, |_, context| async move {
            context
                .list_roots()
                .await
                .map(|roots| roots.len().to_string())
        });
        let server = Server::new("asking").dynamic_tool(count);
        let args = args(words).expect("these are keys");
        args.configure(server)
            .expect("settings")
            .build()
            .expect("the server starts")
    }

    /// Asks one server, and brings what it was told back to another.
    async fn brought_over(one: &Engine, other: &Engine) -> Result<Value, String> {
        let [one, other] =
            [one, other].map(|it| TestClient::of(it.clone()).roots(["file:///a", "file:///b"]));
        let mut params = json!({"name": "count", "arguments": {}});
        let asked = one.send("tools/call", params.clone()).await;
        let asked = asked.map_err(|error| error.to_string())?;
        let questions = asked["inputRequests"].as_object().into_iter().flatten();
        let roots = json!({"roots": [{"uri": "file:///a"}, {"uri": "file:///b"}]});
        let answers = questions.map(|(key, _)| (key.clone(), roots.clone()));
        params["inputResponses"] = Value::Object(answers.collect());
        params["requestState"] = asked["requestState"].clone();
        let answer = other.send("tools/call", params).await;
        answer.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn processes_that_share_a_key_answer_for_each_other() {
        let path = file(&format!("{OTHER}\n{ONE}\n"));
        let path = path.path().to_str().expect("a path");
        let one = asking(&["--state-key", ONE]);
        let same = asking(&["--state-key", ONE]);
        let newer = asking(&["--state-key-file", path]);
        for other in [&same, &newer] {
            let answer = brought_over(&one, other).await.expect("an answer");
            assert_eq!(answer["content"][0]["text"], "2", "{answer}");
        }
        for (from, to) in [
            (&newer, &one),
            (&one, &asking(&[])),
            (&asking(&[]), &asking(&[])),
        ] {
            let refused = brought_over(from, to).await;
            assert!(refused.is_err(), "it was opened: {refused:?}");
        }
    }

    /// What is logged.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            lines.write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Lines {
        fn text(&self) -> String {
            let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            String::from_utf8_lossy(&lines).into_owned()
        }
    }

    /// What is logged while a server asks twice, over HTTP or not.
    async fn logged(words: &[&str], http: bool) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let engine = asking(words);
        if http {
            engine.warn_of_lone_key();
        }
        for _ in 0..2 {
            let answer = brought_over(&engine, &engine).await.expect("an answer");
            assert_eq!(answer["content"][0]["text"], "2", "{answer}");
        }
        lines.text()
    }

    #[tokio::test]
    async fn a_key_of_one_process_is_warned_of_once_where_there_may_be_others() {
        let said = logged(&[], true).await;
        assert_eq!(said.matches("--state-key").count(), 1, "{said}");
        let shared = logged(&["--state-key", ONE], true).await;
        assert!(!shared.contains("--state-key"), "{shared}");
        let pipe = logged(&[], false).await;
        assert!(!pipe.contains("--state-key"), "{pipe}");
    }
}
