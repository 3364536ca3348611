//! Records as bytes, for stores that outlive the process. What is written by one version of
//! this library is read by later ones.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{SessionRecord, TaskOwner, TaskRecord};
use crate::protocol::{
    ClientCapabilities, ClientInfo, Content, ErrorKind, LogLevel, ProtocolError, Question,
    QuestionKind, Revision, Structured, TaskOutcome, TaskStatus, TaskView, ToolOutput,
};
use crate::{Caller, Scopes};

/// Bytes that are not those of a record, or of one that this version does not know.
#[derive(Debug)]
pub struct Unreadable(Cow<'static, str>);

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a record cannot be read: {}", self.0)
    }
}

impl std::error::Error for Unreadable {}

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string().into())
    }
}

#[derive(Serialize, Deserialize)]
struct Session<'a> {
    revision: Cow<'a, str>,
    #[serde(default)]
    capabilities: ClientCapabilities,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<ClientInfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    principal: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log_level: Option<LogLevel>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    resources: BTreeSet<Cow<'a, str>>,
}

impl SessionRecord {
    /// The record as bytes, without its tenant.
    pub fn to_bytes(&self) -> Vec<u8> {
        bytes(&Session {
            revision: self.revision.as_str().into(),
            capabilities: self.capabilities.clone(),
            client: self.client.as_deref().cloned(),
            principal: self.caller.principal().map(Into::into),
            log_level: self.log_level,
            resources: self.resources.iter().map(|it| (&**it).into()).collect(),
        })
    }

    /// Reads what [`to_bytes`](Self::to_bytes) has written for a tenant. What lists the
    /// client has seen is not known any more.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn from_bytes(tenant: &str, bytes: &[u8]) -> Result<Self, Unreadable> {
        let read: Session<'_> = serde_json::from_slice(bytes)?;
        let revision = Revision::parse(&read.revision)
            .ok_or_else(|| Unreadable(format!("there is no revision {}", read.revision).into()))?;
        Ok(Self {
            revision,
            capabilities: read.capabilities,
            client: read.client.map(Arc::new),
            caller: caller(tenant, read.principal.as_deref()),
            log_level: read.log_level,
            resources: read.resources.iter().map(|it| (&**it).into()).collect(),
            seen: u64::MAX,
        })
    }
}

fn caller(tenant: &str, principal: Option<&str>) -> Caller {
    let caller = Caller::new(tenant);
    match principal {
        Some(principal) => caller.with_principal(principal),
        None => caller,
    }
}

/// A task without its owner and its tenant, by which it is found.
#[derive(Serialize, Deserialize)]
struct Task<'a> {
    id: Cow<'a, str>,
    status: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<Cow<'a, str>>,
    /// Milliseconds since 1970.
    created: u64,
    updated: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    poll_interval: Option<u64>,
    #[serde(default)]
    is_error: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    questions: Vec<Asked<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    result: Option<Came<'a>>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    scopes: Cow<'a, str>,
}

/// A question of a task: its key, what it is, and with what.
type Asked<'a> = (Cow<'a, str>, Cow<'a, str>, Cow<'a, Map<String, Value>>);

/// What a task came to.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Came<'a> {
    Output {
        content: Cow<'a, [Content]>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        structured: Option<Box<RawValue>>,
        #[serde(default)]
        wrapped: bool,
        #[serde(default)]
        is_error: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        meta: Option<Cow<'a, Map<String, Value>>>,
    },
    Error {
        kind: Cow<'a, str>,
        message: Cow<'a, str>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        data: Option<Box<Value>>,
    },
}

impl TaskRecord {
    /// The record as bytes, without its tenant and its owner.
    pub fn to_bytes(&self) -> Vec<u8> {
        let view = &self.view;
        bytes(&Task {
            id: (&*view.id).into(),
            status: view.status.as_str().into(),
            message: view.message.as_deref().map(Into::into),
            created: since_1970(view.created),
            updated: since_1970(view.updated),
            ttl: view.ttl.map(milliseconds),
            poll_interval: view.poll_interval.map(milliseconds),
            is_error: view.is_error,
            questions: view
                .questions
                .iter()
                .map(|(key, it)| {
                    let params = Cow::Borrowed(&it.params);
                    ((&**key).into(), name_of(it.kind).into(), params)
                })
                .collect(),
            result: view.result.as_deref().map(Came::of),
            scopes: self.scopes.to_string().into(),
        })
    }

    /// Reads what [`to_bytes`](Self::to_bytes) has written of a task of this tenant and this
    /// owner.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn from_bytes(tenant: &str, owner: TaskOwner, bytes: &[u8]) -> Result<Self, Unreadable> {
        let read: Task<'_> = serde_json::from_slice(bytes)?;
        let questions = read.questions.into_iter().map(|(key, kind, params)| {
            let kind = KINDS.iter().find(|(_, name)| *name == kind);
            let (kind, _) = kind.ok_or(Unreadable("a question of an unknown kind".into()))?;
            let params = params.into_owned();
            Ok((
                key.into(),
                Arc::new(Question {
                    kind: *kind,
                    params,
                }),
            ))
        });
        Ok(Self {
            tenant: tenant.into(),
            owner,
            scopes: Scopes::parse(&read.scopes),
            view: TaskView {
                id: read.id.into(),
                status: status(&read.status)?,
                message: read.message.map(Cow::into_owned),
                created: at(read.created),
                updated: at(read.updated),
                ttl: read.ttl.map(Duration::from_millis),
                poll_interval: read.poll_interval.map(Duration::from_millis),
                is_error: read.is_error,
                questions: questions.collect::<Result<_, Unreadable>>()?,
                result: read.result.map(Came::outcome).transpose()?.map(Arc::new),
            },
        })
    }
}

impl<'a> Came<'a> {
    fn of(outcome: &'a TaskOutcome) -> Self {
        match outcome {
            TaskOutcome::Output(it) => Self::Output {
                content: (&*it.content).into(),
                structured: it.structured.as_ref().map(|it| it.json().to_owned()),
                wrapped: it.structured.as_ref().is_some_and(Structured::is_wrapped),
                is_error: it.is_error,
                meta: it.meta.as_ref().map(Cow::Borrowed),
            },
            TaskOutcome::Error(it) => Self::Error {
                kind: it.kind.name().into(),
                message: (&*it.message).into(),
                data: it.data.clone(),
            },
        }
    }

    fn outcome(self) -> Result<TaskOutcome, Unreadable> {
        Ok(match self {
            Self::Output {
                content,
                structured,
                wrapped,
                is_error,
                meta,
            } => TaskOutcome::Output(ToolOutput {
                content: content.into_owned(),
                structured: structured.map(|it| Structured::kept(it, wrapped)),
                is_error,
                meta: meta.map(Cow::into_owned),
            }),
            Self::Error {
                kind,
                message,
                data,
            } => {
                let kind = ErrorKind::named(&kind);
                let kind = kind.ok_or(Unreadable("an error of an unknown kind".into()))?;
                let mut error = ProtocolError::new(kind, message.into_owned());
                error.data = data;
                TaskOutcome::Error(error)
            }
        })
    }
}

const KINDS: [(QuestionKind, &str); 5] = [
    (QuestionKind::Form, "form"),
    (QuestionKind::Url, "url"),
    (QuestionKind::Sample, "sample"),
    (QuestionKind::SampleWithTools, "sample_with_tools"),
    (QuestionKind::Roots, "roots"),
];

fn name_of(kind: QuestionKind) -> &'static str {
    let mut kinds = KINDS.iter();
    kinds
        .find(|(it, _)| *it == kind)
        .map_or("", |(_, name)| name)
}

fn status(name: &str) -> Result<TaskStatus, Unreadable> {
    let all = [
        TaskStatus::Working,
        TaskStatus::InputRequired,
        TaskStatus::Completed,
        TaskStatus::Failed,
        TaskStatus::Cancelled,
    ];
    let found = all.into_iter().find(|it| it.as_str() == name);
    found.ok_or_else(|| Unreadable(format!("there is no status {name}").into()))
}

/// What is written as JSON here always can be.
fn bytes(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn since_1970(at: SystemTime) -> u64 {
    milliseconds(at.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn at(milliseconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(milliseconds)
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::EmbeddedResource;

    fn session() -> SessionRecord {
        let capabilities = json!({"elicitation": {}, "sampling": {"tools": {}}});
        SessionRecord {
            revision: Revision::V2025_06_18,
            capabilities: serde_json::from_value(capabilities).unwrap(),
            client: Some(Arc::new(ClientInfo {
                name: "a client".into(),
                version: "1".into(),
            })),
            caller: Caller::new("acme").with_principal("alice"),
            log_level: Some(LogLevel::Notice),
            resources: ["a:b", "c:d"].map(Arc::from).into(),
            seen: 7,
        }
    }

    #[test]
    fn a_session_is_read_back_as_it_was_written() {
        for record in [
            session(),
            SessionRecord {
                client: None,
                caller: Caller::new("acme"),
                log_level: None,
                resources: BTreeSet::new(),
                ..session()
            },
        ] {
            let written = record.to_bytes();
            let read = SessionRecord::from_bytes("acme", &written).unwrap();
            assert_eq!(read.seen, u64::MAX);
            let same = SessionRecord { seen: 7, ..read };
            assert_eq!(format!("{same:?}"), format!("{record:?}"));
        }
    }

    fn task(result: Option<TaskOutcome>) -> TaskRecord {
        let question = Question {
            kind: QuestionKind::SampleWithTools,
            params: Map::from_iter([("messages".to_owned(), json!([1]))]),
        };
        TaskRecord {
            tenant: "acme".into(),
            owner: TaskOwner::Holder,
            scopes: Scopes::parse("a b"),
            view: TaskView {
                id: "1f".into(),
                status: TaskStatus::InputRequired,
                message: Some("half way".to_owned()),
                created: at(1_700_000_000_123),
                updated: at(1_700_000_001_000),
                ttl: Some(Duration::from_millis(1500)),
                poll_interval: None,
                is_error: true,
                questions: vec![("key".into(), Arc::new(question))],
                result: result.map(Arc::new),
            },
        }
    }

    #[test]
    fn a_task_is_read_back_as_it_was_written() {
        let content = vec![
            Content::text("said"),
            Content::image([1, 2, 3], "image/png"),
            Content::audio([1], "audio/wav"),
            Content::resource_link("a:b", "b"),
            Content::from(EmbeddedResource::blob("a:b", [0]).mime_type("x/y")),
        ];
        let output = ToolOutput {
            content,
            structured: Some(Structured::from(json!([1.50, "x"]))),
            is_error: true,
            meta: Some(Map::from_iter([("a/b".to_owned(), json!(1))])),
        };
        let mut error = ProtocolError::new(ErrorKind::CallTimeout, "too late");
        error.data = Some(Box::new(json!({"a": 1})));
        for result in [
            None,
            Some(TaskOutcome::Output(output)),
            Some(TaskOutcome::Error(error)),
        ] {
            let record = task(result);
            let written = record.to_bytes();
            let read = TaskRecord::from_bytes("acme", TaskOwner::Holder, &written).unwrap();
            assert_eq!(format!("{read:?}"), format!("{record:?}"));
        }
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for bytes in [
            &b""[..],
            b"{}",
            b"[]",
            b"{\"revision\":\"1999-01-01\"}",
            b"\xff",
        ] {
            assert!(SessionRecord::from_bytes("t", bytes).is_err(), "{bytes:?}");
            let task = TaskRecord::from_bytes("t", TaskOwner::Holder, bytes);
            assert!(task.is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn every_kind_of_error_has_a_name_of_its_own() {
        for row in ErrorKind::TABLE {
            assert_eq!(ErrorKind::named(row.name), Some(row.kind));
        }
    }
}
