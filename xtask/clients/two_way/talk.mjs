// What both generations of the TypeScript client do with the server of `two_way.rs`.
//
// A script is started as `SCRIPT legacy|modern CAPABILITY,… URL` or with `-- CMD ARGS…` in
// place of the URL. It prints as its last line which revision was agreed on, what the
// server is called, and for every capability `null` or what went wrong.
//
// What the generations do differently is a driver, see the two scripts.

/** How long one capability may take. */
const LIMIT = 15_000;
const NEWS = 'two-way://news';

export const [era, names, first, ...rest] = process.argv.slice(2);
/** The command to start, or none where there is an address. */
export const command = first === '--' ? { command: rest[0], args: rest.slice(1), stderr: 'inherit' } : undefined;
export const url = command ? undefined : new URL(first);

/** What the client can be asked. */
export const capabilities = {
  elicitation: { form: {}, url: {} },
  sampling: {},
  roots: {}
};

/** Answers of the client to what the server asks, by method. */
let answerForm;
let opened;
export const answers = {
  'elicitation/create': ({ params }) => {
    if (params.mode !== 'url') return answerForm(params);
    opened = params.url;
    return { action: 'accept' };
  },
  'sampling/createMessage': () => ({
    role: 'assistant',
    model: 'atlas',
    content: { type: 'text', text: 'Paris' }
  }),
  'roots/list': () => ({ roots: [{ uri: 'file:///srv/project', name: 'project' }] })
};

/** Notifications that arrived, and who waits for one. */
const arrived = [];
let wake = () => {};
export function notified({ method, params }) {
  arrived.push({ method, params });
  wake();
}

/** Waits for a notification, and fails at the limit of its capability. */
async function notification(method, matches = () => true) {
  for (;;) {
    const found = arrived.find((one) => one.method === method && matches(one.params));
    if (found) return found.params;
    await new Promise((resolve) => (wake = resolve));
  }
}

function expect(seen, wanted, what) {
  const [left, right] = [JSON.stringify(seen), JSON.stringify(wanted)];
  if (left !== right) throw new Error(`${what}: saw ${left}, not ${right}`);
}

/** Runs what the command line names, and prints what was seen. */
export async function talk(driver) {
  const modern = era === 'modern';
  const text = async (name, args = {}, options = {}) => {
    const result = await driver.call({ name, arguments: args }, options);
    return result.content.map((block) => block.text).join('');
  };

  const checks = {
    elicitation: async () => {
      answerForm = ({ requestedSchema }) => ({
        action: 'accept',
        content: { [Object.keys(requestedSchema.properties)[0]]: 'Ada' }
      });
      expect(await text('ask_name'), 'Hello, Ada!', 'an accepted form');
      answerForm = () => ({ action: 'decline' });
      expect(await text('ask_name'), 'You would rather not say.', 'a declined form');
    },
    url: async () => {
      expect(await text('open_page'), 'The page was opened.', 'a page');
      expect(opened, 'https://example.com/sign-in', 'its address');
    },
    sampling: async () => expect(await text('ask_model'), 'The model says: Paris', 'sampling'),
    roots: async () => expect(await text('ask_roots'), 'file:///srv/project', 'roots'),
    progress: async () => {
      const steps = [];
      const onprogress = ({ progress, total, message }) => steps.push([progress, total, message]);
      expect(await text('report', {}, { onprogress }), 'done', 'the result');
      expect(steps, [[1, 2, 'half'], [2, 2, 'all']], 'progress');
    },
    logging: async () => {
      if (!modern) await driver.client.setLoggingLevel('warning');
      const _meta = modern ? { 'io.modelcontextprotocol/logLevel': 'warning' } : undefined;
      await driver.call({ name: 'log', arguments: {}, _meta }, {});
      const { level, data } = await notification('notifications/message');
      expect([level, data], ['warning', 'The tea is cold.'], 'the log message');
    },
    cancellation: async () => {
      const name = `${driver.name}-${process.pid}`;
      const controller = new AbortController();
      const { signal } = controller;
      // The work has begun when the first progress arrives.
      const onprogress = () => controller.abort('nobody waits any more');
      const failed = await text('wait', { name }, { signal, onprogress }).then(
        (seen) => `it was answered ${seen}`,
        () => undefined
      );
      expect(failed, undefined, 'the abandoned call');
      expect(await text('given_up', { name }), 'true', 'whether the server gave it up');
    },
    updates: async () => {
      const stop = modern
        ? await driver.listen({ resourceSubscriptions: [NEWS] })
        : await driver.client.subscribeResource({ uri: NEWS });
      await text('publish');
      await notification('notifications/resources/updated', ({ uri }) => uri === NEWS);
      if (modern) await stop.close();
      else await driver.client.unsubscribeResource({ uri: NEWS });
    },
    'list-changed': async () => {
      const kinds = ['tools', 'prompts', 'resources'];
      const filter = Object.fromEntries(kinds.map((kind) => [`${kind}ListChanged`, true]));
      const stop = modern ? await driver.listen(filter) : undefined;
      await text('change');
      for (const kind of kinds) await notification(`notifications/${kind}/list_changed`);
      await stop?.close();
    },
    resumption: async () => {
      const steps = [];
      const onprogress = ({ message }) => steps.push(message);
      expect(await text('come_back', {}, { onprogress }), 'You came back.', 'the result');
      expect(steps, ['while you were away'], 'progress in the meantime');
    },
    tasks: async () => {
      const baked = await driver.task('bake', {});
      expect(baked.text, 'The task baked bread.', 'the result of a task');
      answerForm = () => ({ action: 'accept', content: { bread: 'rye' } });
      const tasty = await driver.task('bake_to_taste', {});
      expect(tasty.text, 'Here is your rye.', 'a task that asks');
      expect(await driver.cancelledTask('bake_for_ever'), 'cancelled', 'a cancelled task');
    }
  };

  const seen = {};
  for (const name of names.split(',')) {
    let timer;
    const late = new Promise((_, reject) => {
      const fail = () => reject(new Error(`nothing within ${LIMIT / 1000} s; notified: ${JSON.stringify(arrived)}`));
      timer = setTimeout(fail, LIMIT);
    });
    try {
      await Promise.race([checks[name](), late]);
      seen[name] = null;
    } catch (error) {
      seen[name] = String(error);
    } finally {
      clearTimeout(timer);
      arrived.length = 0;
    }
  }
  const server = driver.client.getServerVersion()?.name;
  console.log(JSON.stringify({ revision: driver.revision(), server, seen }));
  await driver.client.close();
}
