//! `toolsmith inspect`: everything that a server offers.

use rmcp::model::{Prompt, Resource, ResourceTemplate, ServerPeerInfo, Tool};
use serde_json::{Value, json};

use crate::connect::Client;
use crate::error::Result;
use crate::list::summary;
use crate::output::{Output, clean, first_line};
use crate::schema::Schema;

/// What there is to show.
struct Offer {
    tools: Vec<Tool>,
    resources: Vec<Resource>,
    templates: Vec<ResourceTemplate>,
    prompts: Vec<Prompt>,
}

pub(crate) async fn run(client: &Client, as_json: bool, out: &mut Output) -> Result<()> {
    let server = client.server()?;
    let has = &server.capabilities;
    let mut offer = Offer {
        tools: Vec::new(),
        resources: Vec::new(),
        templates: Vec::new(),
        prompts: Vec::new(),
    };
    if has.tools.is_some() {
        offer.tools = client.tools().await?;
    }
    if has.resources.is_some() {
        offer.resources = client.resources().await?;
        offer.templates = client.resource_templates().await?;
    }
    if has.prompts.is_some() {
        offer.prompts = client.prompts().await?;
    }
    if as_json {
        return out.json(&to_json(&server, &offer));
    }
    show_server(&server, out)?;
    show_tools(&offer.tools, out)?;
    show_rest(&offer, out)
}

fn era(server: &ServerPeerInfo) -> &'static str {
    match server.protocol_version.has_initialize() {
        true => "legacy",
        false => "modern",
    }
}

fn to_json(server: &ServerPeerInfo, offer: &Offer) -> Value {
    json!({
        "serverInfo": server.server_info,
        "protocolVersion": server.protocol_version,
        "era": era(server),
        "capabilities": server.capabilities,
        "instructions": server.instructions,
        "tools": offer.tools,
        "resources": offer.resources,
        "resourceTemplates": offer.templates,
        "prompts": offer.prompts,
    })
}

fn show_server(server: &ServerPeerInfo, out: &mut Output) -> Result<()> {
    let paint = out.paint();
    let name = match &server.server_info {
        Some(info) => {
            let title = info.title.iter().map(|title| format!(" ({title})"));
            let name: String = std::iter::once(info.name.clone()).chain(title).collect();
            format!("{} {}", paint.name(&clean(&name)), clean(&info.version))
        }
        None => paint.name("a server without a name"),
    };
    out.line(name)?;
    if let Some(info) = &server.server_info {
        let texts = [("about", &info.description), ("website", &info.website_url)];
        for (label, text) in texts {
            if let Some(text) = text {
                out.line(format!("  {label:<14}{}", indented(text)))?;
            }
        }
    }
    let revision = format!("{} ({})", server.protocol_version, era(server));
    out.line(format!("  {:<14}{}", "revision", clean(&revision)))?;
    let capabilities = serde_json::to_value(&server.capabilities).unwrap_or_default();
    out.line(format!(
        "  {:<14}{}",
        "capabilities",
        clean(&names(&capabilities))
    ))?;
    if let Some(text) = &server.instructions {
        out.line(format!("  {:<14}{}", "instructions", indented(text)))?;
    }
    Ok(())
}

/// `logging, tools (listChanged)`, by name.
fn names(capabilities: &Value) -> String {
    let Some(capabilities) = capabilities.as_object().filter(|all| !all.is_empty()) else {
        return "none".to_owned();
    };
    let texts = capabilities.iter().map(|(name, detail)| {
        let detail = detail.as_object().into_iter().flatten();
        let on: Vec<&str> = detail
            .filter(|(_, value)| **value != Value::Bool(false))
            .map(|(name, _)| name.as_str())
            .collect();
        match on.is_empty() {
            true => name.clone(),
            false => format!("{name} ({})", on.join(", ")),
        }
    });
    let mut texts: Vec<String> = texts.collect();
    texts.sort_unstable();
    texts.join(", ")
}

fn show_tools(tools: &[Tool], out: &mut Output) -> Result<()> {
    heading("tools", tools.len(), out)?;
    for tool in tools {
        let paint = out.paint();
        out.line(entry(&paint.name(&clean(&tool.name)), &summary(tool)))?;
        let arguments = Schema::new(&tool.input_schema).arguments();
        for argument in &arguments {
            let need = match (argument.required, argument.default()) {
                (true, _) => "required".to_owned(),
                (false, Some(default)) => format!("default {default}"),
                (false, None) => "optional".to_owned(),
            };
            let about = first_line(argument.description().unwrap_or_default());
            let kind = format!("{}, {need}", argument.type_text());
            let text = format!(
                "    {}: {}",
                clean(argument.name),
                paint.faint(&clean(&kind))
            );
            out.line(entry_indented(&text, &about))?;
        }
        if let Some(output) = &tool.output_schema {
            let fields: Vec<String> = Schema::new(output)
                .arguments()
                .iter()
                .map(|field| format!("{}: {}", field.name, field.type_text()))
                .collect();
            let returns = format!("returns {{ {} }}", fields.join(", "));
            out.line(format!("    {}", paint.faint(&clean(&returns))))?;
        }
    }
    Ok(())
}

fn show_rest(offer: &Offer, out: &mut Output) -> Result<()> {
    let paint = out.paint();
    heading("resources", offer.resources.len(), out)?;
    for resource in &offer.resources {
        let about = resource
            .title
            .as_deref()
            .or(resource.description.as_deref());
        let about = about.unwrap_or(&resource.name);
        out.line(entry(
            &paint.name(&clean(&resource.uri)),
            &first_line(about),
        ))?;
    }
    heading("resource templates", offer.templates.len(), out)?;
    for template in &offer.templates {
        let about = template
            .title
            .as_deref()
            .or(template.description.as_deref());
        let about = about.unwrap_or(&template.name);
        out.line(entry(
            &paint.name(&clean(&template.uri_template)),
            &first_line(about),
        ))?;
    }
    heading("prompts", offer.prompts.len(), out)?;
    for prompt in &offer.prompts {
        let about = prompt.title.as_deref().or(prompt.description.as_deref());
        let name = paint.name(&clean(&prompt.name));
        out.line(entry(&name, &first_line(about.unwrap_or_default())))?;
        for argument in prompt.arguments.iter().flatten() {
            let need = match argument.required {
                Some(true) => "required",
                _ => "optional",
            };
            let about = first_line(argument.description.as_deref().unwrap_or_default());
            let text = format!("    {}: {}", clean(&argument.name), paint.faint(need));
            out.line(entry_indented(&text, &about))?;
        }
    }
    Ok(())
}

fn heading(what: &str, count: usize, out: &mut Output) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    out.line(format!("\n{what} ({count})"))
}

fn entry(name: &str, about: &str) -> String {
    entry_indented(&format!("  {name}"), about)
}

fn entry_indented(text: &str, about: &str) -> String {
    match about.is_empty() {
        true => text.to_owned(),
        false => format!("{text}  {about}"),
    }
}

/// Further lines stand under the first one.
fn indented(text: &str) -> String {
    clean(text.trim()).replace('\n', &format!("\n{:16}", ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_named_with_what_they_include() {
        let capabilities = json!({
            "tools": {"listChanged": true}, "logging": {}, "resources": {"subscribe": false},
        });
        assert_eq!(
            names(&capabilities),
            "logging, resources, tools (listChanged)"
        );
        assert_eq!(names(&json!({})), "none");
    }

    #[test]
    fn further_lines_are_indented() {
        assert_eq!(indented("a\nb\n"), "a\n                b");
    }
}
