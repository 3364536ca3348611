//! Batches of revision 2025-03-26: several requests that are worked on side by side, and
//! whose answers are one message.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use futures_util::future::{AbortHandle, join_all};

use super::Answer;
use crate::protocol::Refusal;

/// One answer; none when its request was cancelled.
type One = Pin<Box<dyn Future<Output = Option<Answer>> + Send>>;

/// What is to be answered of a batch.
#[derive(Default)]
pub struct Batch(Vec<(One, Option<AbortHandle>)>);

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch({} items)", self.0.len())
    }
}

impl Batch {
    /// One more request, which was cancelled when it comes to nothing, or when its work was
    /// aborted.
    pub fn add(
        &mut self,
        answer: impl Future<Output = Option<Answer>> + Send + 'static,
        work: AbortHandle,
    ) {
        self.0.push((Box::pin(answer), Some(work)));
    }

    /// One more item that is refused.
    pub fn refused(&mut self, refusal: &Refusal) {
        let answer = std::future::ready(Some(Answer::from(refusal)));
        self.0.push((Box::pin(answer), None));
    }

    /// Whether nothing is to be answered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Works on all of it, and gives the answers in the order of the requests. `None` when
    /// all were cancelled.
    ///
    /// Dropping the future drops the work.
    pub async fn answer(self) -> Option<Answer> {
        let (answers, work): (Vec<_>, Vec<_>) = self.0.into_iter().unzip();
        let answers = join_all(answers).await.into_iter().zip(work);
        // One that is done may be cancelled while others are still worked on.
        let wanted = answers.filter_map(|(answer, work)| match work {
            Some(work) if work.is_aborted() => None,
            _ => answer,
        });
        Answer::batch(wanted)
    }
}
