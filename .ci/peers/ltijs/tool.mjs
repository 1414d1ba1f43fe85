// An LTI tool made with ltijs, its data in SQLite: node tool.mjs PORT FILE
// It registers dynamically, and answers every launch with what it understood of it.
// The test drives it as a browser would; nothing here knows our platform.
import ltijs from 'ltijs';
import Store from 'ltijs-sequelize';

const [port, file] = process.argv.slice(2);
const url = `http://127.0.0.1:${port}`;
const lti = ltijs.Provider;
lti.setup('a key for the test', {
  plugin: new Store('ltijs', '', '', { dialect: 'sqlite', storage: file, logging: false }),
}, {
  cookies: { secure: false, sameSite: 'Lax' },
  dynReg: { url, name: 'Peer tool', description: 'Made with ltijs', autoActivate: true, customParameters: { course: '$Context.title' } },
});

const understood = (token, ltik) => ({
  user: token.user, info: token.userInfo, deployment: token.deploymentId, client: token.clientId, family: token.platformInfo?.product_family_code,
  message: token.platformContext.messageType, roles: token.platformContext.roles, course: token.platformContext.context, link: token.platformContext.resource,
  custom: token.platformContext.custom, ltik,
});
lti.onConnect((token, req, res) => res.json(understood(token, res.locals.ltik)));
lti.onDeepLinking((token, req, res) => res.json(understood(token, res.locals.ltik)));
const refused = (req, res) => res.status(401).json({ refused: res.locals.err?.details?.message ?? 'unknown' });
lti.onInvalidToken(refused);
lti.onSessionTimeout(refused);

const answer = (f) => async (req, res) => {
  try {
    const out = await f(res.locals.token, req);
    typeof out === 'string' ? res.type('html').send(out) : res.json(out);
  } catch (err) {
    res.status(500).json({ error: err.message, platform: err.response?.body });
  }
};
lti.app.get('/pick', answer((token) => lti.DeepLinking.createDeepLinkingForm(token, [
  { type: 'ltiResourceLink', title: 'A quiz', url, custom: { quiz: '7' }, lineItem: { scoreMaximum: 20, label: 'A quiz', resourceId: 'quiz-7', tag: 'quiz' } },
  { type: 'ltiResourceLink', title: 'A text', url },
], { message: 'two things' })));
lti.app.get('/items', answer((token) => lti.Grade.getLineItems(token, {})));
lti.app.get('/create', answer((token) => lti.Grade.createLineItem(token, { label: 'Essay', scoreMaximum: 10, tag: 'essay', resourceId: 'essay-1' })));
lti.app.get('/grade', answer(async (token, req) => {
  const item = token.platformContext.endpoint?.lineitem ?? (await lti.Grade.getLineItems(token, { resourceLinkId: true })).lineItems[0].id;
  return lti.Grade.submitScore(token, item, {
    userId: token.user, scoreGiven: Number(req.query.given), scoreMaximum: 100, activityProgress: 'Completed', gradingProgress: 'FullyGraded', comment: 'from ltijs',
  });
}));
lti.app.get('/scores', answer(async (token) => lti.Grade.getScores(token, token.platformContext.endpoint.lineitem, { userId: token.user })));
lti.app.get('/roster', answer((token) => lti.NamesAndRoles.getMembers(token, {})));

await lti.deploy({ port: Number(port), silent: true });
console.log('ready');
