//! The official schemas, compiled as they are needed.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, Once};

use jsonschema::Validator;
use serde_json::{Value, json};

type Validators = Mutex<HashMap<(String, String), Option<Arc<Validator>>>>;

/// Holds a value against one definition of a schema.
pub(super) fn valid(revision: &str, name: &str, value: &Value) -> Result<(), String> {
    let Some(validator) = validator(revision, name) else {
        return Ok(());
    };
    let errors = validator.iter_errors(value);
    let errors: Vec<_> = errors
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    match errors.as_slice() {
        [] => Ok(()),
        errors => Err(format!("not a {name} of {revision}: {}", errors.join("; "))),
    }
}

fn validator(revision: &str, name: &str) -> Option<Arc<Validator>> {
    static VALIDATORS: LazyLock<Validators> = LazyLock::new(Validators::default);
    let mut validators = VALIDATORS.lock().unwrap();
    let key = (revision.to_owned(), name.to_owned());
    let found = validators.entry(key);
    found.or_insert_with(|| compile(revision, name)).clone()
}

fn compile(revision: &str, name: &str) -> Option<Arc<Validator>> {
    let path = folder()?.join(format!("{revision}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    let definitions = ["$defs", "definitions"];
    let at = definitions
        .into_iter()
        .find(|d| schema.get(d).is_some())
        .unwrap();
    assert!(schema[at].get(name).is_some(), "{revision} has no {name}");
    let root = schema.as_object_mut().unwrap();
    root.retain(|key, _| key == at || key == "$schema");
    root.insert(
        "allOf".to_owned(),
        json!([{"$ref": format!("#/{at}/{name}")}]),
    );
    Some(Arc::new(jsonschema::validator_for(&schema).unwrap()))
}

/// Where the schemas are. A clone without them leaves this check out, and says so.
pub(crate) fn folder() -> Option<PathBuf> {
    static SAID: Once = Once::new();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/schema");
    if folder.is_dir() {
        return Some(folder);
    }
    SAID.call_once(|| {
        #[expect(clippy::print_stderr, reason = "a test says what it left out")]
        {
            eprintln!(
                "left out: ../shared/schema is not there, so no message was held against its schema"
            );
        }
    });
    None
}
