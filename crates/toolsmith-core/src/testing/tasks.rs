//! Tasks, as a client in memory follows them.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::sink::PATIENCE;
use super::{CallResult, Failure, TestClient, results};

/// How long to wait between two looks at a task. Nobody is to wait for a test.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

impl TestClient {
    /// Waits for what a task comes to, for as long as a test is patient, and answers what it
    /// asks meanwhile.
    ///
    /// ```
    /// use serde_json::json;
    /// use toolsmith_core::protocol::{TASKS_EXTENSION, TaskSupport};
    /// use toolsmith_core::server::Server;
    /// use toolsmith_core::server::tool::DynamicTool;
    /// use toolsmith_core::testing::TestClient;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let schema = json!({"type": "object"});
    /// let render = DynamicTool::new("render", schema, |_, _| async { "rendered" })
    ///     .define(|it| it.task = TaskSupport::Optional);
    /// let client = TestClient::new(Server::new("films").dynamic_tool(render)).unwrap();
    /// let client = client.extension(TASKS_EXTENSION, json!({}));
    ///
    /// let created = client.call("render", json!({})).await.unwrap();
    /// let result = client.finish(created.task_id().unwrap()).await.unwrap();
    /// assert_eq!(result.text(), "rendered");
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the task failed or was cancelled, when there is none, or when it does not come
    /// to an end.
    pub async fn finish(&self, task: &str) -> Result<CallResult, Failure> {
        if !self.revision.is_modern() {
            let params = json!({"taskId": task});
            let result = self.send("tasks/result", params).await?;
            return Ok(CallResult::new(result));
        }
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let mut view = self.send("tasks/get", json!({"taskId": task})).await?;
            match view["status"].as_str() {
                Some("completed") => return Ok(CallResult::new(view["result"].take())),
                Some("failed") => return Err(results::failure(&view["error"])),
                Some("cancelled") => return Err(Failure::new("the task was cancelled")),
                Some("input_required") => self.answer_task(task, &view).await?,
                _ => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
        Err(Failure::new(format!("the task goes on after {PATIENCE:?}")))
    }

    async fn answer_task(&self, task: &str, view: &Value) -> Result<(), Failure> {
        let asked = view["inputRequests"].as_object().into_iter().flatten();
        let answers = asked.map(|(key, question)| (key.clone(), self.answers.answer(question)));
        let answers: Map<String, Value> = answers.collect();
        let params = json!({"taskId": task, "inputResponses": answers});
        self.send("tasks/update", params).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Revision, TASKS_EXTENSION, TaskSupport};
    use crate::server::handler::ToolError;
    use crate::server::tool::DynamicTool;
    use crate::server::{Context, Server};

    async fn ask(_: Map<String, Value>, ctx: Context) -> Result<String, ToolError> {
        let form = json!({"type": "object", "properties": {"format": {"type": "string"}}});
        let answer = ctx.elicit_form("Which format?", form).await?.accepted()?;
        match answer["format"].as_str() {
            Some("film") => Err(ToolError::invalid("there are no films any more")),
            format => Ok(format!("as {}", format.unwrap_or_default())),
        }
    }

    /// What the task comes to when its question is answered so.
    async fn outcome(revision: Revision, format: &'static str) -> Result<CallResult, Failure> {
        let tool = DynamicTool::new("render", json!({"type": "object"}), ask)
            .define(|it| it.task = TaskSupport::Required);
        let client = TestClient::new(Server::new("films").dynamic_tool(tool))
            .unwrap()
            .revision(revision)
            .extension(TASKS_EXTENSION, json!({}))
            .on_elicit(move |_| Some(json!({"format": format})));
        let call = json!({"name": "render", "arguments": {}, "task": {}});
        let created = CallResult::new(client.request("tools/call", call).await?);
        client
            .finish(created.task_id().expect("it is a task"))
            .await
    }

    #[tokio::test]
    async fn a_task_is_followed_and_answered_in_both_eras() {
        for revision in [Revision::V2025_11_25, Revision::LATEST] {
            let result = outcome(revision, "webm").await.unwrap();
            assert_eq!(result.text(), "as webm", "{revision}");
            let failed = outcome(revision, "film").await.unwrap_err();
            assert_eq!(failed.code, -32602, "{revision}: {failed}");
        }
    }

    #[tokio::test]
    async fn a_task_that_is_not_there_is_no_task_that_ends() {
        let client = TestClient::new(Server::new("films")).unwrap();
        assert!(client.finish("none").await.is_err());
    }
}
