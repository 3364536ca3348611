//! The parameters of a request, as far as they are the protocol's and not a tool's.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::message::once;
use super::meta::{FoundMeta, MetaFields, RawMeta};
use super::scan::Scanner;
use super::{
    ClientCapabilities, ClientInfo, ErrorKind, Method, ParamHeaders, ProgressToken, ProtocolError,
    RequestId, TraceContext, method::NameParameter, plain,
};

/// The parameters of a request: what every method may carry read out, the rest as JSON.
#[derive(Clone, Debug, Default)]
pub struct Params {
    /// The whole message, in which the object is found when somebody asks for it.
    message: Bytes,
    /// `params.name`: a tool, a prompt.
    pub name: Option<Box<str>>,
    /// `params.uri`: a resource.
    pub uri: Option<Box<str>>,
    /// `params.arguments` as JSON; empty when there were none.
    pub arguments: Bytes,
    /// `_meta.progressToken`: the client asks to be told of progress.
    pub progress_token: Option<ProgressToken>,
    /// The `Mcp-Param-*` header fields that came with it; `None` where the transport has no
    /// header fields, or the era gives these no meaning.
    pub headers: Option<ParamHeaders>,
    /// Whether the request names a place in a list.
    pub(super) has_cursor: bool,
    /// `params.task` as JSON: a legacy client asks for a task.
    pub task: Option<Bytes>,
    /// `params.taskId`: the task that the request is about.
    pub task_id: Option<Box<str>>,
    /// `params.inputResponses` as JSON: what the client answers to earlier questions.
    pub input_responses: Option<Bytes>,
    /// `params.requestState`: what it was given with those questions.
    pub request_state: Option<Box<str>>,
    /// The modern fields of `_meta`, unread.
    pub(super) meta: MetaFields,
}

/// The parameters as they were found in a message.
#[derive(Debug, Default)]
pub(super) struct FoundParams<'a> {
    meta: FoundMeta<'a>,
    name: Option<Box<str>>,
    uri: Option<Box<str>>,
    arguments: Option<&'a str>,
    has_cursor: bool,
    task: Option<&'a str>,
    task_id: Option<Box<str>>,
    input_responses: Option<&'a str>,
    request_state: Option<Box<str>>,
}

impl<'a> FoundParams<'a> {
    /// Finds them at a place in a message: an object of which all that is ours fits, or
    /// `null`, which some clients write where they have nothing to say.
    pub(super) fn scan(scanner: &mut Scanner<'a>) -> Option<Option<Self>> {
        if scanner.is_null() {
            return scanner.value().map(|_| None);
        }
        let (mut meta, mut name, mut uri, mut arguments) = (None, None, None, None);
        let (mut cursor, mut task, mut task_id) = (None, None, None);
        let (mut responses, mut state) = (None, None);
        scanner.object(|scanner, member| match member {
            "_meta" if scanner.is_null() => once(&mut meta, scanner.value().map(|_| None)?),
            "_meta" => once(&mut meta, FoundMeta::scan(scanner).map(Some)?),
            "name" => once(&mut name, scanner.string_or_null()?),
            "uri" => once(&mut uri, scanner.string_or_null()?),
            "arguments" => once(&mut arguments, scanner.value_or_null()?),
            "cursor" => once(&mut cursor, scanner.value_or_null()?),
            "task" => once(&mut task, scanner.value_or_null()?),
            "taskId" => once(&mut task_id, scanner.string_or_null()?),
            "inputResponses" => once(&mut responses, scanner.value_or_null()?),
            "requestState" => once(&mut state, scanner.string_or_null()?),
            _ => scanner.value().map(|_| ()),
        })?;
        let text = |it: Option<Option<&str>>| it.flatten().map(Into::into);
        Some(Some(Self {
            meta: meta.flatten().unwrap_or_default(),
            name: text(name),
            uri: text(uri),
            arguments: arguments.flatten(),
            has_cursor: cursor.flatten().is_some(),
            task: task.flatten(),
            task_id: text(task_id),
            input_responses: responses.flatten(),
            request_state: text(state),
        }))
    }

    /// Leaves what is the protocol's. A method that it does not have may give any meaning
    /// to any of them but `_meta`.
    pub(super) fn keep_for(&mut self, method: &Method) {
        if let Method::Other(_) = method {
            *self = Self {
                meta: std::mem::take(&mut self.meta),
                ..Self::default()
            };
        }
    }
}

#[derive(Deserialize)]
struct RawParams<'a> {
    #[serde(borrow, default)]
    _meta: Option<Object<RawMeta<'a>>>,
    #[serde(default)]
    name: Option<Box<str>>,
    #[serde(default)]
    uri: Option<Box<str>>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cursor: Option<&'a RawValue>,
    #[serde(borrow, default)]
    task: Option<&'a RawValue>,
    #[serde(default, rename = "taskId")]
    task_id: Option<Box<str>>,
    #[serde(borrow, default, rename = "inputResponses")]
    input_responses: Option<&'a RawValue>,
    #[serde(default, rename = "requestState")]
    request_state: Option<Box<str>>,
}

impl<'a> From<RawParams<'a>> for FoundParams<'a> {
    fn from(raw: RawParams<'a>) -> Self {
        let json = |raw: Option<&'a RawValue>| raw.map(RawValue::get);
        Self {
            meta: meta_of_raw(raw._meta),
            name: raw.name,
            uri: raw.uri,
            arguments: json(raw.arguments),
            has_cursor: raw.cursor.is_some(),
            task: json(raw.task),
            task_id: raw.task_id,
            input_responses: json(raw.input_responses),
            request_state: raw.request_state,
        }
    }
}

fn meta_of_raw(raw: Option<Object<RawMeta<'_>>>) -> FoundMeta<'_> {
    raw.map(|it| it.0.into()).unwrap_or_default()
}

/// What is read from an object only: a structure could be read from a list as well.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        let members = deserializer.deserialize_map(Members(PhantomData));
        members.map(Self)
    }
}

#[derive(Deserialize)]
struct OnlyMeta<'a> {
    #[serde(borrow, default)]
    _meta: Option<Object<RawMeta<'a>>>,
}

impl Params {
    /// Reads the `params` member of a message, of which something may not fit.
    ///
    /// What a method that is not served makes of a name is nobody's concern, so for those
    /// only `_meta` must fit: it says in which era they are not served.
    pub(super) fn read(
        message: &Bytes,
        raw: Option<&RawValue>,
        method: &Method,
    ) -> Result<Self, ProtocolError> {
        // Some clients write `null` where they have nothing to say.
        let Some(raw) = raw.filter(|raw| raw.get() != "null") else {
            return Ok(Self::default());
        };
        if !raw.get().starts_with('{') {
            return Err(no_meta("`params` is an object"));
        }
        let json = raw.get().as_bytes();
        let only: OnlyMeta<'_> = plain::read(json).map_err(|why| ProtocolError {
            kind: ErrorKind::InvalidMeta,
            ..does_not_fit(why)
        })?;
        let found = match method {
            Method::Other(_) => FoundParams {
                meta: meta_of_raw(only._meta),
                ..FoundParams::default()
            },
            _ => plain::read::<RawParams<'_>>(json)
                .map_err(does_not_fit)?
                .into(),
        };
        Self::of(message, found)
    }

    /// The parameters that were found in a message.
    pub(super) fn of(message: &Bytes, found: FoundParams<'_>) -> Result<Self, ProtocolError> {
        let slice = |json: &str| message.slice_ref(json.as_bytes());
        let progress_token = match found.meta.progress_token {
            None => None,
            Some(json) => Some(
                ProgressToken::from_json(slice(json))
                    .ok_or_else(|| invalid("`progressToken` is a string or an integer"))?,
            ),
        };
        Ok(Self {
            message: message.clone(),
            name: found.name,
            uri: found.uri,
            arguments: found.arguments.map(slice).unwrap_or_default(),
            progress_token,
            headers: None,
            has_cursor: found.has_cursor,
            task: found.task.map(slice),
            task_id: found.task_id,
            input_responses: found.input_responses.map(slice),
            request_state: found.request_state,
            meta: found.meta.keep(slice),
        })
    }

    /// The parameters as a type of their own.
    ///
    /// # Errors
    ///
    /// What does not fit, with code -32602.
    pub fn typed<T: serde::de::DeserializeOwned>(&self) -> Result<T, ProtocolError> {
        let raw = match self.raw() {
            "" => "{}",
            raw => raw,
        };
        plain::read(raw.as_bytes()).map_err(does_not_fit)
    }

    /// The whole object as JSON; empty when there was none.
    pub fn raw(&self) -> &str {
        params_of(&self.message)
    }

    /// The whole message that they came with.
    pub(crate) fn message(&self) -> &Bytes {
        &self.message
    }

    /// Whether the request names a place in a list.
    pub fn has_cursor(&self) -> bool {
        self.has_cursor
    }

    /// The trace that the request is a part of, where `_meta` names one that can be read.
    pub fn trace(&self) -> Option<TraceContext> {
        self.meta.trace()
    }

    /// The request that a `notifications/cancelled` is about.
    pub fn cancelled(&self) -> Option<RequestId> {
        #[derive(Deserialize)]
        struct Cancelled<'a> {
            #[serde(borrow, rename = "requestId")]
            request_id: &'a RawValue,
        }
        let read: Cancelled<'_> = serde_json::from_str(self.raw()).ok()?;
        RequestId::from_json(self.message.slice_ref(read.request_id.get().as_bytes()))
    }

    /// Why a `notifications/cancelled` was sent, for the log: what the client says, cut off
    /// after 200 characters.
    pub fn reason(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Cancelled<'a> {
            #[serde(borrow)]
            reason: Cow<'a, str>,
        }
        let read: Cancelled<'_> = serde_json::from_str(self.raw()).ok()?;
        Some(read.reason.chars().take(200).collect())
    }

    /// The value of the parameter that names a primitive.
    pub(super) fn named(&self, parameter: NameParameter) -> Option<&str> {
        match parameter {
            NameParameter::Name => self.name.as_deref(),
            NameParameter::Uri => self.uri.as_deref(),
            NameParameter::Task => self.task_id.as_deref(),
        }
    }
}

/// The parameters in a message that was read already, as JSON; empty where there are none.
fn params_of(message: &[u8]) -> &str {
    #[derive(Deserialize)]
    struct Only<'a> {
        #[serde(borrow, default)]
        params: Option<&'a RawValue>,
    }
    let only: Option<Only<'_>> = serde_json::from_slice(message).ok();
    only.and_then(|it| it.params).map_or("", RawValue::get)
}

/// The `_meta` object in the parameters of a message that was kept as JSON.
pub(crate) fn meta_of(message: &[u8]) -> Map<String, Value> {
    #[derive(Deserialize)]
    struct Whole {
        #[serde(default)]
        _meta: Map<String, Value>,
    }
    let params = serde_json::from_str(params_of(message));
    params.map_or_else(|_| Map::new(), |whole: Whole| whole._meta)
}

/// What a `tools/call` asks for.
#[derive(Clone, Debug)]
pub struct CallParams {
    /// The tool.
    pub name: Box<str>,
    /// Its arguments as a JSON object; empty when there were none.
    pub arguments: Bytes,
}

impl TryFrom<Box<Params>> for CallParams {
    type Error = ProtocolError;

    fn try_from(params: Box<Params>) -> Result<Self, ProtocolError> {
        let Params {
            name, arguments, ..
        } = *params;
        let name = name.ok_or_else(|| invalid("`name` is missing"))?;
        if !arguments.is_empty() && !arguments.starts_with(b"{") {
            return Err(invalid("`arguments` is an object"));
        }
        Ok(Self { name, arguments })
    }
}

/// What a legacy `initialize` says of the client.
#[derive(Clone, Debug)]
pub struct InitializeParams {
    /// The revision that the client asks for, as it spelled it.
    pub protocol_version: Box<str>,
    /// What the client can do.
    pub capabilities: ClientCapabilities,
    /// Who the client is.
    pub client: Option<ClientInfo>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawInitialize {
    protocol_version: Box<str>,
    #[serde(default)]
    capabilities: ClientCapabilities,
    #[serde(default)]
    client_info: Option<ClientInfo>,
}

impl TryFrom<&Params> for InitializeParams {
    type Error = ProtocolError;

    fn try_from(params: &Params) -> Result<Self, ProtocolError> {
        let read: RawInitialize = params.typed()?;
        Ok(Self {
            protocol_version: read.protocol_version,
            capabilities: read.capabilities,
            client: read.client_info,
        })
    }
}

fn does_not_fit(why: String) -> ProtocolError {
    invalid(format!("`params` does not fit: {why}"))
}

/// What a modern request cannot do without is not there.
fn no_meta(message: impl Into<std::borrow::Cow<'static, str>>) -> ProtocolError {
    ProtocolError::new(ErrorKind::InvalidMeta, message)
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> ProtocolError {
    ProtocolError::new(ErrorKind::InvalidParams, message)
}
