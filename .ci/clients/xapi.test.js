// npm's @xapi/xapi, with both of its ways to send requests, in both versions.
import assert from 'node:assert/strict';
import {createHash, randomUUID} from 'node:crypto';
import {test} from 'node:test';
import XAPIModule from '@xapi/xapi';
import {endpoint, key, secret, unique} from './lrs.js';

const XAPI = XAPIModule.default ?? XAPIModule;

// With fetch, an error of this client is the body of the answer and no status.
const refused = (status, reason) => error => error.response?.status === status || !error.response && JSON.parse(error.message).error.includes(reason) || assert.fail(`refused with ${error.response?.status ?? error}`);

for (const version of ['1.0.3', '2.0.0']) for (const adapter of ['axios', 'fetch']) {
  const lrs = new XAPI({endpoint, auth: XAPI.toBasicAuth(key, secret), version, adapter});
  const place = `${unique}/${version}/${adapter}`;
  const agent = {objectType: 'Agent', account: {homePage: 'https://lms.example', name: place}, name: 'Ann Ü.'};
  const activityId = `https://lms.example/${place}`;
  const statement = (n, more = {}) => ({
    id: randomUUID(), actor: agent, verb: XAPI.Verbs.COMPLETED, object: {objectType: 'Activity', id: activityId, definition: {name: {en: 'Step'}}}, result: {score: {raw: n}}, ...more,
  });
  const called = name => `@xapi/xapi ${version} ${adapter}: ${name}`;

  test(called('about'), async () => {
    const {data} = await lrs.getAbout();
    assert.ok(data.version.includes(version));
  });

  test(called('statements, one, several, a walk, voided'), async () => {
    const first = statement(0);
    assert.deepEqual((await lrs.sendStatement({statement: first})).data, [first.id]);
    const {data: one} = await lrs.getStatement({statementId: first.id});
    assert.equal(one.id, first.id);
    assert.equal(one.actor.name, 'Ann Ü.');
    assert.equal(one.authority.account.name, key);
    assert.equal((await lrs.sendStatements({statements: [1, 2, 3, 4].map(n => statement(n))})).data.length, 4);
    let {data: page} = await lrs.getStatements({agent, activity: activityId, limit: 2, ascending: true});
    const seen = [...page.statements];
    while (page.more) {
      ({data: page} = await lrs.getMoreStatements({more: page.more}));
      seen.push(...page.statements);
    }
    assert.deepEqual(seen.map(s => s.result.score.raw), [0, 1, 2, 3, 4]);
    const {data: after} = await lrs.getStatements({agent, since: seen[3].stored});
    assert.deepEqual(after.statements.map(s => s.result.score.raw), [4]);
    await lrs.voidStatement({actor: agent, statementId: first.id});
    await assert.rejects(lrs.getStatement({statementId: first.id}), refused(404, 'no such'));
    assert.equal((await lrs.getVoidedStatement({voidedStatementId: first.id})).data.id, first.id);
    await assert.rejects(lrs.sendStatement({statement: {...statement(9), verb: {id: 'did'}}}), refused(400, 'IRI'));
  });

  // On Node.js, axios says application/octet-stream of what this client sends as multipart/mixed.
  test(called('an attachment'), {skip: adapter === 'axios' && 'this client sends attachments with fetch only'}, async () => {
    const bytes = new TextEncoder().encode('What I learned: ü ✓');
    const sent = statement(0, {
      attachments: [{
        usageType: XAPI.AttachmentUsages.SUPPORTING_MEDIA, display: {en: 'Notes'}, contentType: 'text/plain', length: bytes.length,
        sha2: createHash('sha256').update(bytes).digest('hex'),
      }],
    });
    await lrs.sendStatement({statement: sent, attachments: [bytes.buffer]});
    const {data: [one, part]} = await lrs.getStatement({statementId: sent.id, attachments: true});
    assert.equal(one.id, sent.id);
    assert.equal(part, 'What I learned: ü ✓');
    const {data: [page, same]} = await lrs.getStatements({agent, attachments: true});
    assert.ok(page.statements.some(s => s.id === sent.id));
    assert.equal(same, part);
  });

  test(called('state'), async () => {
    const of = {agent, activityId, stateId: 'bookmark'};
    await assert.rejects(lrs.getState(of), refused(404, 'no such'));
    await lrs.setState({...of, state: {page: 3}, etag: '*', matchHeader: 'If-None-Match'});
    const {data, headers} = await lrs.getState(of);
    assert.deepEqual(data, {page: 3});
    await lrs.createState({...of, state: {mood: 'good'}}); // merges
    await assert.rejects(lrs.setState({...of, state: {page: 4}, etag: headers.etag, matchHeader: 'If-Match'}), refused(412, 'If-Match'));
    const now = await lrs.getState(of);
    assert.deepEqual(now.data, {page: 3, mood: 'good'});
    await lrs.setState({...of, state: {page: 5}, etag: now.headers.etag, matchHeader: 'If-Match'});
    assert.deepEqual((await lrs.getStates({agent, activityId})).data, ['bookmark']);
    await lrs.deleteState(of);
    await lrs.deleteStates({agent, activityId});
    assert.deepEqual((await lrs.getStates({agent, activityId})).data, []);
  });

  test(called('profiles'), async () => {
    for (const [kind, of] of [['ActivityProfile', {activityId, profileId: 'p'}], ['AgentProfile', {agent, profileId: 'p'}]]) {
      await lrs[`set${kind}`]({...of, profile: {a: 1}, etag: '*', matchHeader: 'If-None-Match'});
      await assert.rejects(lrs[`set${kind}`]({...of, profile: {a: 2}, etag: '*', matchHeader: 'If-None-Match'}), refused(412, 'If-Match'));
      await lrs[`create${kind}`]({...of, profile: {b: 2}});
      const {data, headers} = await lrs[`get${kind}`](of);
      assert.deepEqual(data, {a: 1, b: 2});
      await lrs[`set${kind}`]({...of, profile: 'as text', contentType: 'text/plain', etag: headers.etag, matchHeader: 'If-Match'});
      assert.equal((await lrs[`get${kind}`](of)).data, 'as text');
      const {profileId, ...set} = of;
      assert.deepEqual((await lrs[`get${kind}s`](set)).data, ['p']);
      await lrs[`delete${kind}`](of);
      await assert.rejects(lrs[`get${kind}`](of), refused(404, 'no such'));
    }
  });

  test(called('activities and agents'), async () => {
    await lrs.sendStatement({statement: statement(0)});
    assert.equal((await lrs.getActivity({activityId})).data.definition.name.en, 'Step');
    assert.deepEqual((await lrs.getAgent({agent})).data.name, ['Ann Ü.']);
  });

  test(called('a wrong secret'), async () => {
    const stranger = new XAPI({endpoint, auth: XAPI.toBasicAuth(key, 'wrong'), version, adapter});
    await assert.rejects(stranger.getStatements(), refused(401, 'key'));
  });
}
