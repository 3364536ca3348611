//! Streams of changes, for modern clients.

use std::collections::BTreeSet;

use crate::ports::Change;
use crate::protocol::{
    ErrorKind, ListenParams, MAX_SUBSCRIBED, Notice, Outcome, ProtocolError, SubscriptionFilter,
    TASKS_EXTENSION, TaskStatus, encode_acknowledged, encode_notice, missing_extension,
};
use crate::server::engine::Engine;
use crate::server::middleware::Operation;
use crate::server::sessions::full;
use crate::server::{Interest, Peer};

impl Engine {
    /// Tells a client of what it asked for until one of the two ends it.
    ///
    /// Implements revision 2026-07-28, `basic/patterns/subscriptions`.
    pub(super) async fn listen(self, operation: Operation) -> Outcome {
        let Operation {
            request,
            peer,
            sink,
            ..
        } = operation;
        let Some(sink) = sink else {
            return Outcome::failed(
                ErrorKind::InvalidRequest,
                "a subscription is a stream; accept `text/event-stream`",
            );
        };
        let granted = match self.granted(request.params.typed(), &peer).await {
            Ok(granted) => granted,
            Err(error) => return Outcome::Error(error),
        };
        let tenant = peer.caller.tenant().into();
        let subscription = match self.hub().subscribe(tenant, interest(&granted)) {
            Ok(subscription) => subscription,
            Err(why) => return Outcome::Error(full(why)),
        };
        let mut closing = self.closing();
        // Whatever came of a task since it was granted, or before, is told once more:
        // nothing may change any more that would tell of it.
        for id in &granted.task_ids {
            let task = self.tasks().find(id, &peer).await;
            if task.is_ok_and(|task| task.status != TaskStatus::Working) {
                subscription.put_back(&Change::TaskChanged((&**id).into()));
            }
        }
        // Nothing is said on the subscription before this.
        if !sink.send(encode_acknowledged(&granted, &request.id)).await {
            return Outcome::Unsubscribed;
        }
        let told = async {
            // What changes meanwhile is merged, and so is not taken before it can be sent.
            while sink.ready().await {
                let change = subscription.next().await;
                let Some(notice) = self.notice(&change, &peer).await else {
                    continue;
                };
                // What there was room for may have gone to others while nothing changed.
                let message = encode_notice(&notice, peer.revision, Some(&request.id));
                if self.may_send("a change", message.len()) && !sink.send(message).await {
                    return;
                }
            }
        };
        tokio::select! {
            biased;
            _closing = closing.changed() => {}
            () = sink.stopping() => {}
            () = told => {}
        }
        Outcome::Unsubscribed
    }

    /// What of the wishes of a client is granted.
    async fn granted(
        &self,
        params: Result<ListenParams, ProtocolError>,
        peer: &Peer,
    ) -> Result<SubscriptionFilter, ProtocolError> {
        let wanted = params?.notifications;
        if !wanted.task_ids.is_empty() && peer.capabilities.extension(TASKS_EXTENSION).is_none() {
            return Err(missing_extension(TASKS_EXTENSION));
        }
        for many in [&wanted.resource_subscriptions, &wanted.task_ids] {
            if many.len() > MAX_SUBSCRIBED {
                return Err(ProtocolError::new(
                    ErrorKind::InvalidParams,
                    format!(
                        "a subscription names at most {MAX_SUBSCRIBED} resources and as many tasks"
                    ),
                ));
            }
        }
        let mut tasks = BTreeSet::new();
        for id in wanted.task_ids {
            // A task of somebody else's is left out, like one that never was.
            if self.tasks().find(&id, peer).await.is_ok() {
                tasks.insert(id);
            }
        }
        let can = &self.identity().capabilities;
        let view = self.registry().view(peer.caller.tenant());
        let mut resources = wanted.resource_subscriptions;
        resources.retain(|uri| view.at(uri).is_some());
        for uri in &resources {
            self.may_read(uri, &peer.caller)?;
        }
        Ok(SubscriptionFilter {
            tools_list_changed: wanted.tools_list_changed && can.tools,
            prompts_list_changed: wanted.prompts_list_changed && can.prompts,
            resources_list_changed: wanted.resources_list_changed && can.resources,
            resource_subscriptions: resources,
            task_ids: tasks,
        })
    }

    /// What a client is told of a change; nothing when it is not to know.
    pub(in crate::server) async fn notice(&self, change: &Change, peer: &Peer) -> Option<Notice> {
        let can = &self.identity().capabilities;
        match change {
            Change::ToolsChanged => can.tools.then_some(Notice::ToolsChanged),
            Change::PromptsChanged => can.prompts.then_some(Notice::PromptsChanged),
            Change::ResourcesChanged => can.resources.then_some(Notice::ResourcesChanged),
            // Whoever may not read it any more, or not with this token, is told nothing of it.
            Change::ResourceUpdated(uri) => {
                self.may_read(uri, &peer.caller).ok()?;
                Some(Notice::ResourceUpdated((&**uri).into()))
            }
            Change::TaskChanged(id) => {
                let task = self.tasks().find(id, peer).await.ok()?;
                Some(Notice::Task(Box::new(task)))
            }
            Change::ElicitationCompleted(id) => {
                let knows = peer.revision.has_elicitation_ids();
                knows.then(|| Notice::ElicitationCompleted((&**id).into()))
            }
        }
    }
}

fn interest(granted: &SubscriptionFilter) -> Interest {
    Interest {
        tools: granted.tools_list_changed,
        prompts: granted.prompts_list_changed,
        resources: granted.resources_list_changed,
        uris: granted
            .resource_subscriptions
            .iter()
            .map(|it| (&**it).into())
            .collect(),
        tasks: granted.task_ids.iter().map(|it| (&**it).into()).collect(),
    }
}
