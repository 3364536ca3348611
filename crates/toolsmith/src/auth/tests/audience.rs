//! For whom a token was made.

use super::*;
use crate::auth::TenantResource;

/// An authorizer of the endpoint at this URL, which trusts the issuer of a scene.
fn endpoint(scene: &Scene, url: &str) -> Authorizer {
    let options = AuthOptions {
        resource: url.to_owned(),
        ..options(&scene.issuer.url)
    };
    Authorizer::new(options).unwrap()
}

#[tokio::test]
async fn a_token_for_one_endpoint_is_not_good_at_the_next() {
    let scene = Scene::new().await;
    let urls = [
        "https://mcp.example.com/mcp",
        "https://mcp.example.com/mcp2",
        "https://mcp.example.com/mcp/admin",
        "https://mcp.example.com",
        "https://other.example.com/mcp",
    ];
    for made_for in urls {
        let mut claims = scene.claims();
        claims["aud"] = json!(made_for);
        let token = scene.signer.sign(&header("one"), &claims);
        for url in urls {
            let asked = ask(&endpoint(&scene, url), &token).await;
            match asked {
                Ok(_) => assert_eq!(url, made_for, "it was let in"),
                Err(denied) => {
                    assert_ne!(url, made_for, "{denied:?}");
                    let (status, challenge, _) = told(&denied);
                    assert_eq!(status, StatusCode::UNAUTHORIZED, "{url}: {challenge}");
                    for part in ["error=\"invalid_token\"", "another resource"] {
                        assert!(challenge.contains(part), "{url}: {challenge}");
                    }
                }
            }
        }
    }
    // The operator may name another one that is meant for this endpoint, too.
    let mut options = options(&scene.issuer.url);
    options.audiences = vec!["https://mcp.example.com/mcp2".to_owned()];
    let both = Authorizer::new(options).unwrap();
    for (made_for, good) in urls.into_iter().zip([true, true, false, false, false]) {
        let mut claims = scene.claims();
        claims["aud"] = json!(made_for);
        let token = scene.signer.sign(&header("one"), &claims);
        assert_eq!(ask(&both, &token).await.is_ok(), good, "{made_for}");
    }
}

/// The endpoint of each tenant is a resource of its own.
#[tokio::test]
async fn a_token_for_the_endpoint_of_a_tenant_is_made_for_that_tenant_alone() {
    let scene = Scene::new().await;
    let mut options = options(&scene.issuer.url);
    options.tenant_resources = vec![TenantResource {
        before: "https://mcp.example.com/t/".to_owned(),
        after: "/mcp".to_owned(),
    }];
    let authorizer = Authorizer::new(options).unwrap();
    let url = |tenant: &str| format!("https://mcp.example.com/t/{tenant}/mcp");
    for (made_for, tenant) in [
        (url("acme"), Some("acme")),
        (url("globex"), Some("globex")),
        ("https://mcp.example.com/mcp".to_owned(), None),
    ] {
        let mut claims = scene.claims();
        claims["aud"] = json!(made_for);
        let token = scene.signer.sign(&header("one"), &claims);
        let verified = ask(&authorizer, &token).await.unwrap();
        for other in ["acme", "globex", "initech"] {
            let is_made_for = authorizer.is_made_for(&verified, &url(other));
            assert_eq!(is_made_for, tenant == Some(other), "{made_for} at {other}");
        }
    }
    let mut claims = scene.claims();
    claims["aud"] = json!(url("a/b"));
    let token = scene.signer.sign(&header("one"), &claims);
    assert!(
        ask(&authorizer, &token).await.is_err(),
        "no tenant is called so"
    );
}
