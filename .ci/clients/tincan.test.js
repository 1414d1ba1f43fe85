// npm's tincanjs, which speaks the versions up to 1.0.2.
import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {test} from 'node:test';
import TinCan from 'tincanjs';
import {endpoint, key, secret, unique} from './lrs.js';

const agent = new TinCan.Agent({account: {homePage: 'https://lms.example', name: `${unique}/tincanjs`}, name: 'Ann Ü.'});
const activity = new TinCan.Activity({id: `https://lms.example/${unique}/tincanjs`, definition: {name: {en: 'Step'}}});

// call is a method of the client as a promise of its result.
const call = (lrs, method, ...args) => new Promise((resolve, reject) => {
  const cfg = args.pop();
  lrs[method](...args, {...cfg, callback: (err, result) => err === null ? resolve(result) : reject(Object.assign(new Error(`${method}: ${err} ${result?.responseText}`), {status: err}))});
});
const refused = status => error => error.status === status || assert.fail(error);

for (const version of ['1.0.2', '1.0.1', '1.0.0']) {
  // Some users write the endpoint without its last slash.
  const lrs = new TinCan.LRS({endpoint: version === '1.0.1' ? endpoint : `${endpoint}/`, username: key, password: secret, version, allowFail: false});
  const of = {activity, agent, registration: randomUUID()};
  const statement = (n, more = {}) => new TinCan.Statement({
    actor: agent, verb: {id: 'http://adlnet.gov/expapi/verbs/completed', display: {en: 'completed'}}, target: activity,
    result: {score: {raw: n}, duration: 'PT1M30.5S'}, context: {registration: of.registration}, ...more,
  });
  const called = name => `tincanjs ${version}: ${name}`;

  test(called('about'), async () => {
    assert.ok((await call(lrs, 'about', {})).version.includes('1.0.2'));
  });

  test(called('statements, one, several, a walk, voided'), async () => {
    const first = statement(0);
    await call(lrs, 'saveStatement', first, {});
    const one = await call(lrs, 'retrieveStatement', first.id, {});
    assert.equal(one.actor.name, 'Ann Ü.');
    assert.equal(one.authority.account.name, key);
    await call(lrs, 'saveStatements', [1, 2, 3, 4].map(n => statement(n)), {});
    let page = await call(lrs, 'queryStatements', {params: {agent, activity, registration: of.registration, verb: first.verb, limit: 2, ascending: true}});
    const seen = [...page.statements];
    while (page.more) {
      page = await call(lrs, 'moreStatements', {url: page.more});
      seen.push(...page.statements);
    }
    assert.deepEqual(seen.map(s => s.result.score.raw), [0, 1, 2, 3, 4]);
    const void_ = new TinCan.Statement({actor: agent, verb: {id: 'http://adlnet.gov/expapi/verbs/voided'}, target: {objectType: 'StatementRef', id: first.id}});
    await call(lrs, 'saveStatement', void_, {});
    await assert.rejects(call(lrs, 'retrieveStatement', first.id, {}), refused(404));
    assert.equal((await call(lrs, 'retrieveVoidedStatement', first.id, {})).id, first.id);
  });

  test(called('an attachment'), async () => {
    const sent = statement(0, {
      attachments: [{usageType: 'http://id.tincanapi.com/attachment/supporting_media', display: {en: 'Notes'}, contentType: 'text/plain', content: 'What I learned'}],
    });
    await call(lrs, 'saveStatement', sent, {});
    const one = await call(lrs, 'retrieveStatement', sent.id, {params: {attachments: true}});
    assert.equal(one.attachments[0].getContentAsString(), 'What I learned');
    const page = await call(lrs, 'queryStatements', {params: {registration: of.registration, limit: 1, attachments: true}});
    assert.equal(page.statements[0].attachments[0].getContentAsString(), 'What I learned');
  });

  test(called('state'), async () => {
    assert.equal(await call(lrs, 'retrieveState', 'bookmark', of), null);
    await call(lrs, 'saveState', 'bookmark', {page: 3}, {...of, contentType: 'application/json'});
    const state = await call(lrs, 'retrieveState', 'bookmark', of);
    assert.deepEqual(state.contents, {page: 3});
    await call(lrs, 'saveState', 'bookmark', {mood: 'good'}, {...of, contentType: 'application/json', method: 'POST'});
    await assert.rejects(call(lrs, 'saveState', 'bookmark', 'x', {...of, lastSHA1: state.etag}), refused(412));
    const now = await call(lrs, 'retrieveState', 'bookmark', of);
    assert.deepEqual(now.contents, {page: 3, mood: 'good'});
    await call(lrs, 'saveState', 'bookmark', 'page 5', {...of, lastSHA1: now.etag});
    const text = await call(lrs, 'retrieveState', 'bookmark', of);
    assert.equal(text.contents, 'page 5');
    await call(lrs, 'saveState', 'bookmark', 'page 6', {...of, lastSHA1: TinCan.Utils.getSHA1String('page 5')}); // as its documentation has it
    assert.deepEqual((await call(lrs, 'retrieveStateIds', of)).contents ?? await call(lrs, 'retrieveStateIds', of), ['bookmark']);
    await call(lrs, 'dropState', 'bookmark', of);
    await call(lrs, 'dropState', null, of);
    assert.equal(await call(lrs, 'retrieveState', 'bookmark', of), null);
  });

  test(called('profiles'), async () => {
    for (const [kind, of] of [['ActivityProfile', {activity}], ['AgentProfile', {agent}]]) {
      const name = `p ${version}`;
      await call(lrs, `save${kind}`, name, {a: 1}, {...of, contentType: 'application/json'}); // with If-None-Match: *
      const profile = await call(lrs, `retrieve${kind}`, name, of);
      assert.deepEqual(profile.contents, {a: 1});
      await call(lrs, `save${kind}`, name, {b: 2}, {...of, contentType: 'application/json', method: 'POST', lastSHA1: profile.etag});
      await assert.rejects(call(lrs, `save${kind}`, name, 'x', {...of, lastSHA1: profile.etag}), refused(412));
      const now = await call(lrs, `retrieve${kind}`, name, of);
      assert.deepEqual(now.contents, {a: 1, b: 2});
      await call(lrs, `save${kind}`, name, 'as text', {...of, contentType: 'text/plain', lastSHA1: now.etag});
      assert.equal((await call(lrs, `retrieve${kind}`, name, of)).contents, 'as text');
      await call(lrs, `drop${kind}`, name, of);
    }
  });

  test(called('an activity'), async () => {
    await call(lrs, 'saveStatement', statement(0), {});
    assert.equal((await call(lrs, 'retrieveActivity', activity.id, {})).definition.name.en, 'Step');
  });
}
