use std::rc::Rc;

use toolsmith::prelude::*;

#[tool]
async fn holds_an_rc() -> i64 {
    let count = Rc::new(1);
    std::future::ready(()).await;
    *count
}

fn main() {}
