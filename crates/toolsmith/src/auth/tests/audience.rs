//! For whom a token was made.

use super::*;

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
