//! Resources that somebody else keeps, such as the files of a directory.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::{ResourceResult, Scoped};
use crate::caller::Scopes;
use crate::protocol::ResourceDefinition;
use crate::server::Context;

/// Has resources of its own, which are found and listed when they are asked for.
///
/// A provider is asked after the resources and templates that the server knows by URI.
pub trait ResourceProvider: Send + Sync + fmt::Debug + 'static {
    /// What to show beside the resources that the server knows, in a fixed order. It is
    /// asked for each page, so it is bounded and quick. All providers are asked at once, and
    /// one that takes longer than a call may, or panics, fails the request for the list.
    fn list<'a>(
        &'a self,
        context: &'a Context,
    ) -> Pin<Box<dyn Future<Output = Vec<ResourceDefinition>> + Send + 'a>>;

    /// The templates by which clients can name its resources.
    fn templates(&self) -> Vec<ResourceDefinition>;

    /// Whether a URI is one of its own, whether or not there is something there.
    fn owns(&self, uri: &str) -> bool;

    /// Reads one of its own.
    fn read<'a>(
        &'a self,
        uri: &'a str,
        context: &'a Context,
    ) -> Pin<Box<dyn Future<Output = ResourceResult> + Send + 'a>>;

    /// What keeps it from being served, such as a folder that is not there: each with what
    /// to do about it. A server with such a provider does not start.
    fn problems(&self) -> Vec<String> {
        Vec::new()
    }

    /// The scopes that a caller needs for any of its resources, all of them. What one of them
    /// needs besides, it refuses when it is read, with [`Context::require_scope`].
    fn scopes(&self) -> Scopes {
        Scopes::default()
    }

    /// The same provider, whose resources need these scopes, too.
    fn with_scopes<S: AsRef<str>>(self, scopes: impl IntoIterator<Item = S>) -> Scoped<Self>
    where
        Self: Sized,
    {
        Scoped {
            provider: self,
            scopes: scopes.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::IntoResourceOutput as _;
    use super::*;
    use crate::protocol::Revision;
    use crate::server::Server;
    use crate::server::handler::ToolError;
    use crate::testing::TestClient;

    #[derive(Debug)]
    struct Broken;

    impl ResourceProvider for Broken {
        fn list<'a>(
            &'a self,
            _: &'a Context,
        ) -> Pin<Box<dyn Future<Output = Vec<ResourceDefinition>> + Send + 'a>> {
            Box::pin(std::future::ready(Vec::new()))
        }

        fn templates(&self) -> Vec<ResourceDefinition> {
            Vec::new()
        }

        fn owns(&self, _: &str) -> bool {
            true
        }

        fn read<'a>(
            &'a self,
            _: &'a str,
            _: &'a Context,
        ) -> Pin<Box<dyn Future<Output = ResourceResult> + Send + 'a>> {
            Box::pin(std::future::ready(Err(ToolError::not_found())))
        }

        fn problems(&self) -> Vec<String> {
            vec!["the folder is gone".to_owned(), "so is the key".to_owned()]
        }
    }

    #[test]
    fn a_provider_that_cannot_be_served_stops_the_server_and_says_all_of_why() {
        let mounted = Server::new("all").mount("a", Server::new("a").resources(Broken));
        for server in [Server::new("a").resources(Broken), mounted] {
            let error = server.build().expect_err("it is broken");
            assert_eq!(
                error.problems(),
                ["the folder is gone", "so is the key"],
                "{error}"
            );
        }
        let running = Server::new("b");
        let registry = running.registry();
        let _engine = running.build().expect("there is nothing wrong yet");
        let refused = registry.add_provider(Broken).unwrap_err().to_string();
        assert!(refused.contains("the folder is gone"), "{refused}");
    }

    /// Owns whatever it is asked for.
    #[derive(Debug)]
    struct Echo;

    impl ResourceProvider for Echo {
        fn list<'a>(
            &'a self,
            _: &'a Context,
        ) -> Pin<Box<dyn Future<Output = Vec<ResourceDefinition>> + Send + 'a>> {
            let all = ["urn:isbn:1", "book://1"].map(ResourceDefinition::new);
            Box::pin(std::future::ready(all.into()))
        }

        fn templates(&self) -> Vec<ResourceDefinition> {
            Vec::new()
        }

        fn owns(&self, _: &str) -> bool {
            true
        }

        fn read<'a>(
            &'a self,
            uri: &'a str,
            _: &'a Context,
        ) -> Pin<Box<dyn Future<Output = ResourceResult> + Send + 'a>> {
            Box::pin(std::future::ready(uri.to_owned().into_resource_output()))
        }
    }

    /// Guards against a URI without `//`, which was listed and could not be read.
    #[tokio::test]
    async fn whatever_a_mounted_provider_lists_can_be_read() {
        let all = Server::new("all").mount("in", Server::new("books").resources(Echo));
        let client = TestClient::new(all).unwrap();
        let listed = client.list("resources/list", "resources").await.unwrap();
        let mut read = Vec::new();
        for resource in &listed {
            let uri = resource["uri"].as_str().unwrap();
            let content = client.read(uri).await.unwrap();
            read.push((uri, content[0]["text"].as_str().unwrap().to_owned()));
        }
        let expected = [("urn:in/isbn:1", "urn:isbn:1"), ("book://in/1", "book://1")];
        assert_eq!(read, expected.map(|(uri, inner)| (uri, inner.to_owned())));
    }

    #[tokio::test]
    async fn a_uri_that_is_too_long_is_nobodys() {
        let client = TestClient::new(Server::new("books").resources(Echo)).unwrap();
        let longest = format!("book:{}", "x".repeat(8192 - 5));
        assert!(client.read(&longest).await.is_ok());
        let longer = format!("{longest}x");
        assert_eq!(client.read(&longer).await.unwrap_err().code, -32602);
        let client = client.revision(Revision::LATEST_LEGACY);
        let uri = serde_json::json!({"uri": longest});
        assert!(client.request("resources/subscribe", uri).await.is_ok());
        let uri = serde_json::json!({"uri": longer});
        let refused = client.request("resources/subscribe", uri).await;
        assert_eq!(refused.unwrap_err().code, -32002);
    }
}
