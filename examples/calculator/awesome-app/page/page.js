// The behaviour of the page: a greeting that can be liked, a calculator, and which version of each service answered.

/** Waits this long for an answer, in milliseconds. */
const TIMEOUT_MS = 10_000;

const byId = (id) => document.getElementById(id);
const [greeting, like, likeLabel, likeNote] = ['greeting', 'like', 'like-label', 'like-note'].map(byId);
const [form, result, a, b] = ['calculator', 'result', 'a', 'b'].map(byId);

/** The body of an answer; throws an Error whose message can be shown, when there is none or it is a problem. */
async function ask(path, options = {}) {
  let response;
  let body = {};
  try {
    response = await fetch(path, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) });
    body = await response.json().catch(() => ({}));
  } catch {
    throw new Error('The calculator cannot be reached. Check your connection and try again.');
  }
  showVersions({ 'awesome-app': response.headers.get('x-friday-version'), ...body.answeredBy });
  if (response.ok) return body;
  const error = new Error(body.title ?? `The calculator answered ${response.status}.`);
  error.detail = body.detail ?? 'Try again.';
  throw error;
}

/** null = the service answered and did not say its version, as without fridaymorning in front. */
function showVersions(versions) {
  for (const [service, version] of Object.entries(versions)) {
    const place = document.querySelector(`[data-service="${CSS.escape(service)}"]`);
    if (place === null) continue;
    const text = version === null ? 'no version' : `v${version.replace(/^v/, '')}`;
    place.dataset.state = version === null ? 'unversioned' : 'answered';
    if (place.textContent === text) continue;
    place.dataset.isNew = String(/^v/.test(place.textContent));
    place.textContent = text;
  }
}

let variant = null;

async function greet() {
  try {
    const body = await ask('/api/greeting');
    variant = body.variant;
    greeting.textContent = body.greeting;
    like.disabled = false;
    if (body.hasLiked) showLiked();
  } catch {
    // The page is of use without its greeting, and the calculator says by itself when nothing works.
    likeNote.textContent = 'No greeting today.';
  }
}

function showLiked() {
  like.setAttribute('aria-pressed', 'true');
  likeLabel.textContent = 'Liked';
}

like.addEventListener('click', async () => {
  if (like.getAttribute('aria-pressed') === 'true') return;
  try {
    const { likes } = await ask('/api/greeting/like', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ variant }),
    });
    showLiked();
    likeNote.textContent =
      likes > 1 ? `You and ${likes - 1} more like this greeting.` : 'You are the first to like it.';
  } catch (error) {
    likeNote.textContent = `Your like did not arrive. ${error.detail ?? error.message}`;
  }
});

function show(state, line, value) {
  form.removeAttribute('aria-busy');
  result.dataset.state = state;
  result.querySelector('.sum').textContent = line;
  result.querySelector('strong').textContent = value;
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)$/;

/** What a person typed as the service wants it: no spaces, a point for a comma, a minus sign of any kind. */
function normalise(text) {
  return text.trim().replace(/[−–]/g, '-').replace(',', '.');
}

/** Marks the field and says what is missing; true when the number can be sent. */
function isGood(field, name) {
  const isNumber = DECIMAL.test(normalise(field.value));
  field.setAttribute('aria-invalid', String(!isNumber));
  if (isNumber) return true;
  field.focus();
  const got = field.value.trim();
  show('bad', got === '' ? `${name} is missing.` : `${name} is not a number: “${got}”.`, 'Type a number such as -12.5');
  return false;
}

/** Only the answer to the last question is shown. */
let question = 0;

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  question += 1;
  const asked = question;
  // The first field last, so that it has the last word and the focus when both are wrong.
  const checks = [isGood(b, 'The second number'), isGood(a, 'The first number')];
  if (checks.includes(false)) return;
  const operation = form.elements.operation.value;
  const sign = form.querySelector('input[name="operation"]:checked').dataset.sign;
  const numbers = { a: normalise(a.value), b: normalise(b.value) };
  const line = `${numbers.a} ${sign} ${numbers.b} =`.replaceAll('-', '−');
  form.setAttribute('aria-busy', 'true');
  try {
    const body = await ask(`/api/calculate?${new URLSearchParams({ operation, ...numbers })}`);
    if (asked === question) show('good', line, String(body.result).replaceAll('-', '−'));
  } catch (error) {
    if (asked === question) show('bad', error.message, error.detail ?? '');
  }
});

await greet();
