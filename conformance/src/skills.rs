//! Skills, for the scenarios of the skills extension. The suite takes the first one, which
//! must have a folder in it.

use toolsmith::skills::{Skill, Skills};

/// A skill with folders, one in it, and one below a prefix.
pub(crate) fn skills() -> Skills {
    let forms = Skill::new(
        "forms",
        "Fill in the forms of a PDF document.",
        "Ask for one field at a time.\n",
    )
    .prefix("pdf-processing");
    let pdf = Skill::new(
        "pdf-processing",
        "Extract, fill, and assemble PDF documents.",
        "# PDF processing\n\nChoose a template from `templates/`. See `references/FORMS.md`.\n",
    )
    .field("license", "MIT")
    .file("references/FORMS.md", "# Forms\n\nField by field.\n")
    .file("scripts/extract.py", "print(\"extracted\")\n")
    .file("templates/invoice.md", "# Invoice\n")
    .file("templates/regional/eu-invoice.md", "# Invoice, EU\n");
    let refunds = Skill::from_text(
        "---\nname: refunds\ndescription: Give money back as the policy says.\nmetadata:\n  version: \"2.1.0\"\n---\n\nAsk for the order number.\n",
    )
    .prefix("support/billing")
    .file("examples/email.md", "Dear customer,\n");
    Skills::new().skill(pdf).skill(forms).skill(refunds)
}
