//! What the client answers when it is asked, and what it was told.

use std::sync::{Arc, Mutex, PoisonError};

use rmcp::ClientHandler;
use rmcp::ErrorData;
use rmcp::RoleClient;
use rmcp::model::{
    ClientCapabilities, ClientConfig, CreateMessageRequestParams, CreateMessageResult,
    ElicitRequestParams, ElicitResult, ElicitationAction, Implementation, ListRootsResult,
    LoggingMessageNotificationParam, ProgressNotificationParam, ProtocolVersion,
    ResourceUpdatedNotificationParam, Root, SamplingMessage,
};
use rmcp::service::{NotificationContext, RequestContext};
use serde_json::{Value, json};
use tokio::sync::watch;

/// The client's side of the conversation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    arrivals: Arc<watch::Sender<Vec<String>>>,
    form: Arc<Mutex<Option<Value>>>,
    opened: Arc<Mutex<Option<String>>>,
}

impl Answers {
    /// What arrived, one line each.
    pub(crate) fn arrivals(&self) -> Arc<watch::Sender<Vec<String>>> {
        Arc::clone(&self.arrivals)
    }

    /// What the next form is answered; it is declined where there is nothing.
    pub(crate) fn set_form(&self, content: Option<Value>) {
        *self.form.lock().unwrap_or_else(PoisonError::into_inner) = content;
    }

    /// The page that was opened.
    pub(crate) fn opened(&self) -> Option<String> {
        let opened = self.opened.lock();
        opened.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn arrive(&self, line: impl Into<String>) {
        let line = line.into();
        self.arrivals.send_modify(|lines| lines.push(line));
    }

    /// Answers one question, as the person or the model behind the client does.
    pub(crate) fn answer(&self, question: &ElicitRequestParams) -> ElicitResult {
        if let ElicitRequestParams::UrlElicitationParams { url, .. } = question {
            *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(url.clone());
            return ElicitResult::new(ElicitationAction::Accept);
        }
        let form = self.form.lock();
        match form.unwrap_or_else(PoisonError::into_inner).clone() {
            Some(content) => ElicitResult::new(ElicitationAction::Accept).with_content(content),
            None => ElicitResult::new(ElicitationAction::Decline),
        }
    }
}

impl ClientHandler for Answers {
    fn get_info(&self) -> ClientConfig {
        let capabilities = json!({
            "elicitation": {"form": {}, "url": {}},
            "sampling": {},
            "roots": {},
            "extensions": {"io.modelcontextprotocol/tasks": {}},
        });
        let capabilities: ClientCapabilities =
            serde_json::from_value(capabilities).unwrap_or_default();
        ClientConfig::new(capabilities, Implementation::new("xtask-rmcp", "1"))
            .with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE)
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        Ok(self.answer(&request))
    }

    async fn create_message(
        &self,
        _: CreateMessageRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        let message = SamplingMessage::assistant_text("Paris");
        Ok(CreateMessageResult::new(message, "atlas".to_owned()))
    }

    async fn list_roots(
        &self,
        _: RequestContext<RoleClient>,
    ) -> Result<ListRootsResult, ErrorData> {
        Ok(ListRootsResult::new(vec![Root::new("file:///srv/project")]))
    }

    async fn on_progress(
        &self,
        params: ProgressNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        let message = params.message.unwrap_or_default();
        self.arrive(format!("progress {} {message}", params.progress));
    }

    async fn on_logging_message(
        &self,
        params: LoggingMessageNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        self.arrive(format!("log {:?} {}", params.level, params.data));
    }

    async fn on_resource_updated(
        &self,
        params: ResourceUpdatedNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        self.arrive(format!("updated {}", params.uri));
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.arrive("tools changed");
    }

    async fn on_prompt_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.arrive("prompts changed");
    }

    async fn on_resource_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.arrive("resources changed");
    }
}
