//! Skills that stop a server from starting.

use super::{PDF, folder, problems, write};
use crate::server::Server;
use crate::skills::{ServerSkillsExt as _, Skill, Skills};

#[test]
fn a_file_that_is_wrong_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("SKILL.md", b"---\nname: a\ndescription: b\n---\n"),
            ("one/SKILL.md", b"# No frontmatter"),
            ("two/SKILL.md", b"---\nname: other\ndescription: b\n---\n"),
            ("three/SKILL.md", b"---\nname: three\n---\n"),
            ("five/SKILL.md", b"---\nname: \xff\n---\n"),
        ],
    );
    let found = problems(Skills::from_directory(folder.path()));
    for words in [
        ["/SKILL.md`", "move it into a folder"].as_slice(),
        &["one/SKILL.md`", "begin it with a line ---"],
        &["two/SKILL.md`", "\"other\"", "`two`", "the same name"],
        &["three/SKILL.md`", "add a line description: …"],
        &["five/SKILL.md`", "UTF-8"],
    ] {
        let said = |problem: &&String| words.iter().all(|word| problem.contains(word));
        assert_eq!(
            found.iter().filter(said).count(),
            1,
            "{words:?}: {found:#?}"
        );
    }
    assert_eq!(found.len(), 5, "{found:#?}");
}

#[test]
fn folders_without_skills_and_skills_twice_are_refused() {
    let empty = tempfile::tempdir().unwrap();
    let found = problems(Skills::from_directory(empty.path().join("none")));
    assert!(
        found[0].contains("none` of skills cannot be opened"),
        "{found:?}"
    );
    let found = problems(Skills::from_directory(empty.path()));
    assert!(found[0].contains("there is no skill in it"), "{found:?}");

    let folder = folder();
    let twice = Skills::from_directory(folder.path()).skill(Skill::from_text(PDF));
    let found = problems(twice);
    assert!(
        found[0].contains("two skills at `pdf-processing`"),
        "{found:?}"
    );
    let odd = Skill::from_text(PDF).prefix("../a").file("b", "c");
    assert!(problems(Skills::new().skill(odd))[0].contains("`..`"));
    let odd = Skill::from_text(PDF)
        .file("../b", "c")
        .file("SKILL.md", "d");
    let found = problems(Skills::new().skill(odd));
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn a_skill_that_clients_need_not_take_is_refused() {
    let mut many = Skill::from_text(PDF);
    for index in 0..511 {
        many = many.file(format!("{index}.md"), "");
    }
    let server = Server::new("skilled").skills(Skills::new().skill(many.clone()));
    assert!(server.build().is_ok(), "512 files are not too many");
    let found = problems(Skills::new().skill(many.file("one-more.md", "")));
    assert!(found[0].contains("513 files"), "{found:?}");

    let large = Skill::from_text(PDF).file("large.bin", vec![0; 16 << 20]);
    let found = problems(Skills::new().skill(large));
    assert!(found[0].contains("16777216 bytes; make two"), "{found:?}");
}
