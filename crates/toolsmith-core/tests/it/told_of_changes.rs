//! Clients that are told of changes, under any order of steps: once it is quiet, each of
//! them has seen what there is, and nobody has heard of what is somebody else's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use toolsmith_core::Caller;
use toolsmith_core::protocol::Revision;
use toolsmith_core::server::prompt::DynamicPrompt;
use toolsmith_core::server::resource::DynamicResource;
use toolsmith_core::server::tool::DynamicTool;
use toolsmith_core::server::{Context, Engine, Server};
use toolsmith_core::testing::{Listening, TestClient};

const TENANTS: [&str; 2] = ["acme", "globex"];
const NAMES: [&str; 3] = ["x", "y", "z"];
/// How often every task is given its turn before it is taken to be quiet.
const TURNS: usize = 40;

/// What a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Tools,
    Prompts,
}

/// Whose it is: everybody's, or a tenant's.
type Owner = Option<usize>;

#[derive(Clone, Copy, Debug)]
enum Step {
    Add(Owner, Kind, usize),
    Remove(Owner, Kind, usize),
    Enable(Owner, Kind, usize, bool),
    /// The resource of this name has a new version.
    Update(Owner, usize),
    /// Tasks run for so many turns.
    Run(usize),
    /// A client looks at what it was told.
    Look(usize),
    /// The connection of a client breaks, and it listens again.
    Reconnect(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let owner = || prop::option::of(0..TENANTS.len());
    let kind = || prop::sample::select(&[Kind::Tools, Kind::Prompts][..]);
    let name = || 0..NAMES.len();
    let client = || 0..CLIENTS.len();
    prop_oneof![
        5 => (owner(), kind(), name()).prop_map(|(o, k, n)| Step::Add(o, k, n)),
        3 => (owner(), kind(), name()).prop_map(|(o, k, n)| Step::Remove(o, k, n)),
        3 => (owner(), kind(), name(), any::<bool>())
            .prop_map(|(o, k, n, on)| Step::Enable(o, k, n, on)),
        5 => (owner(), name()).prop_map(|(o, n)| Step::Update(o, n)),
        5 => (0..4usize).prop_map(Step::Run),
        5 => client().prop_map(Step::Look),
        1 => client().prop_map(Step::Reconnect),
    ]
}

/// Clients: the revision, the tenant, whether it wants lists, the resources it wants.
const CLIENTS: [(Revision, usize, bool, &[usize]); 6] = [
    (Revision::LATEST, 0, true, &[0]),
    (Revision::LATEST, 1, true, &[0, 1]),
    (Revision::LATEST, 0, false, &[2]),
    (Revision::LATEST_LEGACY, 0, true, &[0, 2]),
    (Revision::LATEST_LEGACY, 1, true, &[]),
    (Revision::LATEST_LEGACY, 1, true, &[1]),
];

/// The server, and how often each tenant could see each thing change.
struct World {
    engine: Engine,
    /// The versions of the resources.
    versions: Arc<[AtomicU64; 3]>,
    lists: [[usize; 2]; 2],
    updates: [[usize; 3]; 2],
}

/// A client, and what it has seen.
struct Client {
    own: TestClient,
    place: usize,
    listening: Option<Listening>,
    lists: [Vec<String>; 2],
    versions: [u64; 3],
    heard_lists: [usize; 2],
    heard_updates: [usize; 3],
}

fn uri(name: usize) -> String {
    format!("test://{}", NAMES[name])
}

impl World {
    fn new() -> Self {
        let mut server = Server::new("s")
            .dynamic_tool(tool("always"))
            .dynamic_prompt(prompt("always"));
        for name in 0..NAMES.len() {
            let resource = DynamicResource::new(uri(name), |_, _: Context| async { String::new() });
            server = server.dynamic_resource(resource);
        }
        Self {
            engine: server.build().unwrap(),
            versions: Arc::default(),
            lists: Default::default(),
            updates: Default::default(),
        }
    }

    /// Changes a list, and counts that those who can see it should be told.
    fn change(&mut self, step: Step) {
        let registry = self.engine.registry().clone();
        let (owner, kind) = match step {
            Step::Add(owner, kind, _)
            | Step::Remove(owner, kind, _)
            | Step::Enable(owner, kind, ..) => (owner, kind),
            _ => return,
        };
        macro_rules! on {
            ($registry:expr) => {
                match (step, kind) {
                    (Step::Add(_, _, n), Kind::Tools) => $registry.add_tool(tool(NAMES[n])).is_ok(),
                    (Step::Add(_, _, n), Kind::Prompts) => {
                        $registry.add_prompt(prompt(NAMES[n])).is_ok()
                    }
                    (Step::Remove(_, _, n), Kind::Tools) => $registry.remove_tool(NAMES[n]),
                    (Step::Remove(_, _, n), Kind::Prompts) => $registry.remove_prompt(NAMES[n]),
                    (Step::Enable(_, _, n, on), Kind::Tools) => $registry.enable_tool(NAMES[n], on),
                    (Step::Enable(_, _, n, on), Kind::Prompts) => {
                        $registry.enable_prompt(NAMES[n], on)
                    }
                    _ => false,
                }
            };
        }
        let may_have_changed = match owner {
            None => on!(registry),
            Some(tenant) => on!(registry.for_tenant(TENANTS[tenant])),
        };
        if may_have_changed {
            for tenant in seen_by(owner) {
                self.lists[tenant][kind as usize] += 1;
            }
        }
    }

    fn update(&mut self, owner: Owner, name: usize) {
        self.versions[name].fetch_add(1, Ordering::Relaxed);
        let registry = self.engine.registry();
        match owner {
            None => registry.resource_updated(&uri(name)),
            Some(tenant) => registry
                .for_tenant(TENANTS[tenant])
                .resource_updated(&uri(name)),
        }
        for tenant in seen_by(owner) {
            self.updates[tenant][name] += 1;
        }
    }
}

fn seen_by(owner: Owner) -> Vec<usize> {
    owner.map_or_else(|| (0..TENANTS.len()).collect(), |tenant| vec![tenant])
}

fn tool(name: &str) -> DynamicTool {
    DynamicTool::new(name, json!({"type": "object"}), |_, _: Context| async {
        ""
    })
}

fn prompt(name: &str) -> DynamicPrompt {
    DynamicPrompt::new(name, |_, _: Context| async { String::new() })
}

impl Client {
    async fn new(world: &World, place: usize) -> Self {
        let (revision, tenant, ..) = CLIENTS[place];
        let own = TestClient::of(world.engine.clone())
            .revision(revision)
            .caller(Caller::new(TENANTS[tenant]));
        let mut client = Self {
            own,
            place,
            listening: None,
            lists: Default::default(),
            versions: [0; 3],
            heard_lists: [0; 2],
            heard_updates: [0; 3],
        };
        for uri in client.resources().iter().map(|name| uri(*name)) {
            if !revision.is_modern() {
                let subscribed = client
                    .own
                    .request("resources/subscribe", json!({"uri": uri}));
                subscribed.await.unwrap();
            }
        }
        client.connect(world).await;
        client.see_all(world).await;
        client
    }

    fn tenant(&self) -> usize {
        CLIENTS[self.place].1
    }

    fn wants_lists(&self) -> bool {
        CLIENTS[self.place].2
    }

    fn resources(&self) -> &'static [usize] {
        CLIENTS[self.place].3
    }

    /// Listens; a modern client, of which nothing is remembered, looks at everything then.
    async fn connect(&mut self, world: &World) {
        self.listening = None;
        let uris: Vec<String> = self.resources().iter().map(|name| uri(*name)).collect();
        let filter = json!({
            "toolsListChanged": self.wants_lists(),
            "promptsListChanged": self.wants_lists(),
            "resourceSubscriptions": uris,
        });
        self.listening = Some(self.own.listen(filter).await.unwrap());
        if CLIENTS[self.place].0.is_modern() {
            // The stream has begun when it says so.
            loop {
                let heard = self.own.next_notification().await.unwrap();
                if heard["method"] == "notifications/subscriptions/acknowledged" {
                    break;
                }
                self.hear(&heard, world).await;
            }
            self.see_all(world).await;
        }
    }

    async fn see_all(&mut self, world: &World) {
        self.see(Kind::Tools).await;
        self.see(Kind::Prompts).await;
        for name in 0..NAMES.len() {
            self.versions[name] = world.versions[name].load(Ordering::Relaxed);
        }
    }

    async fn see(&mut self, kind: Kind) {
        self.lists[kind as usize] = self.list(kind).await;
    }

    async fn list(&self, kind: Kind) -> Vec<String> {
        let (method, member) = match kind {
            Kind::Tools => ("tools/list", "tools"),
            Kind::Prompts => ("prompts/list", "prompts"),
        };
        let items = self.own.list(method, member).await.unwrap();
        items.iter().map(|item| item["name"].to_string()).collect()
    }

    async fn look(&mut self, world: &World) {
        for heard in self.own.notifications() {
            self.hear(&heard, world).await;
        }
    }

    /// Looks again at what has changed, as a client does.
    async fn hear(&mut self, heard: &Value, world: &World) {
        match heard["method"].as_str().unwrap() {
            "notifications/tools/list_changed" => self.hear_list(Kind::Tools).await,
            "notifications/prompts/list_changed" => self.hear_list(Kind::Prompts).await,
            "notifications/resources/updated" => {
                let given = heard["params"]["uri"].as_str().unwrap();
                let name = (0..NAMES.len()).find(|name| uri(*name) == given).unwrap();
                assert!(self.resources().contains(&name), "nobody asked for {given}");
                self.heard_updates[name] += 1;
                self.versions[name] = world.versions[name].load(Ordering::Relaxed);
            }
            other => panic!("nobody asked for {other}"),
        }
    }

    async fn hear_list(&mut self, kind: Kind) {
        assert!(self.wants_lists(), "nobody asked for lists");
        self.heard_lists[kind as usize] += 1;
        self.see(kind).await;
    }

    /// When it is quiet: it has seen what there is, and was told no more often than there
    /// was something for it.
    async fn check(&mut self, world: &World) {
        self.look(world).await;
        let tenant = self.tenant();
        for kind in [Kind::Tools, Kind::Prompts] {
            let place = kind as usize;
            if self.wants_lists() {
                let there = self.list(kind).await;
                assert_eq!(self.lists[place], there, "client {} missed it", self.place);
            }
            let most = world.lists[tenant][place];
            assert!(self.heard_lists[place] <= most, "{kind:?} of somebody else");
        }
        for name in 0..NAMES.len() {
            let (heard, most) = (self.heard_updates[name], world.updates[tenant][name]);
            assert!(heard <= most, "client {}: {heard} of {most}", self.place);
        }
    }
}

/// Gives every task its turn.
async fn run(turns: usize) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}

async fn play(steps: Vec<Step>) {
    let mut world = World::new();
    let mut clients = Vec::new();
    for place in 0..CLIENTS.len() {
        clients.push(Client::new(&world, place).await);
    }
    // The versions as they were when a tenant could see them change last.
    let mut last_seen = [[0; 3]; 2];
    for step in steps {
        match step {
            Step::Update(owner, name) => {
                world.update(owner, name);
                for tenant in seen_by(owner) {
                    last_seen[tenant][name] = world.versions[name].load(Ordering::Relaxed);
                }
            }
            Step::Run(turns) => run(turns).await,
            Step::Look(client) => clients[client].look(&world).await,
            Step::Reconnect(client) => clients[client].connect(&world).await,
            change => world.change(change),
        }
    }
    run(TURNS).await;
    for client in &mut clients {
        client.check(&world).await;
        for name in client.resources() {
            let (saw, last) = (client.versions[*name], last_seen[client.tenant()][*name]);
            assert!(saw >= last, "client {} has {saw}, not {last}", client.place);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn once_it_is_quiet_everybody_has_seen_what_is_theirs(steps in vec(step(), 0..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(play(steps));
    }
}
