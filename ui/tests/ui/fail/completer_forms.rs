use toolsmith::prelude::*;

#[prompt]
fn forms(
    #[complete] a: String,
    #[complete = "languages"] b: String,
    #[complete("rust", "python")] c: String,
    #[complete(languages())] d: String,
    #[complete(|typed| typed.matching(["rust"]))] e: String,
    #[complete(languages)]
    #[complete(dialects)]
    f: String,
) -> String {
    [a, b, c, d, e, f].concat()
}

fn main() {}
