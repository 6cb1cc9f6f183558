// The simulated AWS through the eyes of the official SDK for JavaScript. Called by aws_sdk.py, which
// says in SDK_* where the packages and the server are; the credentials are in the usual variables.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const load = createRequire(`${process.env.SDK_PACKAGES}/load.js`);
const store = load("@aws-sdk/client-identitystore");
const admin = load("@aws-sdk/client-sso-admin");
const sts = load("@aws-sdk/client-sts");

const { SDK_URL: endpoint, AWS_REGION: region, SDK_STORE: storeId, SDK_INSTANCE: instanceArn } =
  process.env;
const IdentityStoreId = storeId;
const own = {
  accessKeyId: process.env.AWS_ACCESS_KEY_ID,
  secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
};
const told = JSON.parse(process.env.SDK_EXPECT);

const make = (Client, more = {}) =>
  new Client({ endpoint, region, credentials: own, maxAttempts: 1, ...more });
const identity = make(store.IdentitystoreClient);
const sso = make(admin.SSOAdminClient);
const token = make(sts.STSClient);

const send = (name, input = {}, client = identity) =>
  client.send(new store[`${name}Command`]({ IdentityStoreId, ...input }));
const byName = (name) =>
  ({ UniqueAttribute: { AttributePath: "userName", AttributeValue: name } });

async function all(pages, list) {
  const items = [];
  let n = 0;
  for await (const page of pages) {
    items.push(...page[list]);
    n++;
  }
  return [items, n];
}

// The server's control side.
async function control(path, body) {
  const answer = await fetch(`${endpoint}/_sim/${path}`,
    { method: "POST", body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.text());
}

// One rule of the fault script, from now on.
const play = (rule) => control("faults", [rule]);

async function withQuirks(quirks, usual, action) {
  await control("aws/quirks", quirks);
  try {
    await action();
  } finally {
    await control("aws/quirks", usual);
  }
}

async function fails(promise, expected) {
  const error = await promise.then(() => null, (reason) => reason);
  assert.ok(error, `${JSON.stringify(expected)} was expected, and it went well`);
  const { kind, ...members } = expected;
  assert.ok(!kind || error instanceof kind, `${error.name}: ${error.message}`);
  for (const [name, value] of Object.entries(members)) assert.equal(error[name], value, name);
  return error;
}

const claims = {
  async "GetCallerIdentity tells account and user"() {
    const caller = await token.send(new sts.GetCallerIdentityCommand({}));
    assert.equal(caller.Account, told.account);
    assert.match(caller.Arn, new RegExp(`^arn:aws:iam::${told.account}:user/`));
  },

  async "a role is assumed, and its credentials work"() {
    const { Credentials: got, AssumedRoleUser: user } = await token.send(
      new sts.AssumeRoleCommand({ RoleArn: told.role, RoleSessionName: "sdk@conformance" }));
    assert.ok(got.Expiration instanceof Date && got.Expiration > new Date());
    const credentials = {
      accessKeyId: got.AccessKeyId,
      secretAccessKey: got.SecretAccessKey,
      sessionToken: got.SessionToken,
    };
    const caller = await make(sts.STSClient, { credentials }).send(
      new sts.GetCallerIdentityCommand({}));
    assert.equal(caller.Arn, user.Arn);
    const page = await send("ListUsers", { MaxResults: 1 },
      make(store.IdentitystoreClient, { credentials }));
    assert.equal(page.Users.length, 1);
    await fails(send("ListUsers", {}, make(store.IdentitystoreClient, {
      credentials: { ...credentials, sessionToken: undefined },
    })), { name: "UnrecognizedClientException" });
  },

  async "a web identity is exchanged without a signature"() {
    const bare = make(sts.STSClient, { credentials: async () => assert.fail("it was signed") });
    const input = { RoleArn: told.role, RoleSessionName: "sdk", WebIdentityToken: told.webToken };
    const answer = await bare.send(new sts.AssumeRoleWithWebIdentityCommand(input));
    assert.match(answer.Credentials.AccessKeyId, /^ASIA/);
    await fails(bare.send(new sts.AssumeRoleWithWebIdentityCommand(
      { ...input, WebIdentityToken: "another" })), { kind: sts.InvalidIdentityTokenException });
    await fails(token.send(new sts.AssumeRoleCommand(
      { RoleArn: told.role, RoleSessionName: "sdk", ExternalId: "wrong" })), { name: "AccessDenied" });
  },

  async "the instance is listed, and described"() {
    const { Instances: list } = await sso.send(new admin.ListInstancesCommand({}));
    assert.deepEqual(list.map((one) => [one.InstanceArn, one.IdentityStoreId, one.OwnerAccountId,
      one.Status]), [[instanceArn, storeId, told.account, "ACTIVE"]]);
    assert.ok(list[0].CreatedDate instanceof Date && list[0].CreatedDate < new Date());
    const one = await sso.send(new admin.DescribeInstanceCommand({ InstanceArn: instanceArn }));
    assert.equal(one.IdentityStoreId, storeId);
  },

  async "applications and their assignments are listed"() {
    const [apps] = await all(admin.paginateListApplications({ client: sso },
      { InstanceArn: instanceArn }), "Applications");
    assert.deepEqual(apps.map((app) => [app.Name, app.ApplicationAccount, app.Status]).sort(), [
      ["Kiro Sign-In", told.account, "ENABLED"],
      ["KiroProfile-us-east-1", told.account, "ENABLED"]]);
    const { ApplicationArn } = apps.find((app) => app.Name.startsWith("KiroProfile-"));
    const app = await sso.send(new admin.DescribeApplicationCommand({ ApplicationArn }));
    assert.match(app.ApplicationProviderArn, /\/codewhisperer$/);
    const config = await sso.send(
      new admin.GetApplicationAssignmentConfigurationCommand({ ApplicationArn }));
    assert.equal(config.AssignmentRequired, true);
    const [assignments] = await all(admin.paginateListApplicationAssignments({ client: sso },
      { ApplicationArn }), "ApplicationAssignments");
    assert.ok(Array.isArray(assignments));
    await fails(sso.send(new admin.DescribeApplicationCommand(
      { ApplicationArn: `${ApplicationArn.slice(0, -4)}0000` })),
    { kind: admin.ResourceNotFoundException });
  },

  async "all users come, page by page, each once"() {
    const [users, pages] = await all(store.paginateListUsers({ client: identity, pageSize: 100 },
      { IdentityStoreId }), "Users");
    assert.equal(users.length, told.people);
    assert.equal(new Set(users.map((user) => user.UserId)).size, told.people);
    assert.equal(pages, Math.ceil(told.people / 100));
    for (const user of users) {
      assert.equal(user.IdentityStoreId, storeId);
      assert.equal(user.ExternalIds.length, 1);
      assert.equal(user.UserStatus, "ENABLED");
      assert.ok(user.CreatedAt instanceof Date && user.Name.GivenName && user.Emails[0].Value);
    }
    const [few, manyPages] = await all(store.paginateListUsers({ client: identity, pageSize: 7 },
      { IdentityStoreId }), "Users");
    assert.deepEqual(few.map((user) => user.UserId), users.map((user) => user.UserId));
    assert.equal(manyPages, Math.ceil(told.people / 7));
  },

  async "a user is found by name, by e-mail and by ExternalId"() {
    const { UserId, IdentityStoreId: of } = await send("GetUserId",
      { AlternateIdentifier: byName(told.person) });
    assert.equal(of, storeId);
    const user = await send("DescribeUser", { UserId });
    assert.equal(user.UserName, told.person);
    assert.equal(user.ExternalIds[0].Id, told.oktaId);
    const [external] = user.ExternalIds;
    assert.match(external.Issuer, /^https:\/\/scim\.aws\.com\//);
    const again = await send("GetUserId", { AlternateIdentifier: { ExternalId: external } });
    assert.equal(again.UserId, UserId);
    const mail = { AttributePath: "emails.value", AttributeValue: user.Emails[0].Value };
    assert.equal((await send("GetUserId", { AlternateIdentifier: { UniqueAttribute: mail } })).UserId,
      UserId);
    const found = await send("ListUsers",
      { Filters: [{ AttributePath: "UserName", AttributeValue: told.person }] });
    assert.deepEqual(found.Users.map((one) => one.UserId), [UserId]);
    for (const AlternateIdentifier of [byName("nobody@example.com"),
      { ExternalId: { ...external, Id: "00u1nobody" } },
      { ExternalId: { ...external, Issuer: "https://scim.aws.com/another" } }]) {
      await fails(send("GetUserId", { AlternateIdentifier }),
        { kind: store.ResourceNotFoundException, ResourceType: "USER" });
    }
  },

  async "a group is found by its display name"() {
    const [groups] = await all(store.paginateListGroups({ client: identity }, { IdentityStoreId }),
      "Groups");
    assert.deepEqual(groups.map((one) => one.DisplayName).sort(), [told.byHand, told.pushed].sort());
    for (const name of [told.byHand, told.pushed]) {
      const { GroupId } = await send("GetGroupId", { AlternateIdentifier: {
        UniqueAttribute: { AttributePath: "displayName", AttributeValue: name } } });
      const group = await send("DescribeGroup", { GroupId });
      assert.equal(group.DisplayName, name);
      assert.equal(Boolean(group.ExternalIds?.length), name === told.pushed);
      assert.deepEqual(groups.find((one) => one.GroupId === GroupId).DisplayName, name);
    }
    await fails(send("DescribeGroup", { GroupId: told.noSuchId }),
      { kind: store.ResourceNotFoundException, ResourceType: "GROUP" });
  },

  async "members come page by page, each once"() {
    const GroupId = await group(told.pushed);
    const [rows, pages] = await all(store.paginateListGroupMemberships(
      { client: identity, pageSize: 100 }, { IdentityStoreId, GroupId }), "GroupMemberships");
    assert.equal(rows.length, told.members);
    assert.equal(pages, Math.ceil(told.members / 100));
    assert.equal(new Set(rows.map((row) => row.MembershipId)).size, told.members);
    assert.equal(new Set(rows.map((row) => row.MemberId.UserId)).size, told.members);
    assert.ok(rows.every((row) => row.GroupId === GroupId));
    const [back] = await all(store.paginateListGroupMembershipsForMember({ client: identity },
      { IdentityStoreId, MemberId: rows[0].MemberId }), "GroupMemberships");
    assert.deepEqual(back, [rows[0]]);
  },

  async "a membership is made, seen, refused a second time, and deleted"() {
    const GroupId = await group(told.byHand);
    const other = await group(told.pushed);
    const MemberId = { UserId: await user(told.outsider) };
    const pair = { GroupId, MemberId };
    const isMember = async () => (await send("IsMemberInGroups",
      { MemberId, GroupIds: [GroupId, other] })).Results.map((one) =>
      [one.GroupId, one.MemberId.UserId, one.MembershipExists]);
    const none = [[GroupId, MemberId.UserId, false], [other, MemberId.UserId, false]];
    assert.deepEqual(await isMember(), none);
    await fails(send("GetGroupMembershipId", pair),
      { kind: store.ResourceNotFoundException, ResourceType: "GROUP_MEMBERSHIP" });
    const { MembershipId, ...made } = await send("CreateGroupMembership", pair);
    assert.equal(made.IdentityStoreId, storeId);
    await fails(send("CreateGroupMembership", pair),
      { kind: store.ConflictException, Reason: "UNIQUENESS_CONSTRAINT_VIOLATION" });
    assert.equal((await isMember())[0][2], true);
    assert.equal((await send("GetGroupMembershipId", pair)).MembershipId, MembershipId);
    const row = await send("DescribeGroupMembership", { MembershipId });
    assert.deepEqual([row.GroupId, row.MemberId], [GroupId, MemberId]);
    await send("DeleteGroupMembership", { MembershipId });
    assert.deepEqual(await isMember(), none);
    await fails(send("DeleteGroupMembership", { MembershipId }),
      { kind: store.ResourceNotFoundException, ResourceType: "GROUP_MEMBERSHIP" });
  },

  async "what names nobody is told by kind"() {
    const GroupId = await group(told.byHand);
    const MemberId = { UserId: told.noSuchId };
    await fails(send("DescribeUser", { UserId: told.noSuchId }),
      { kind: store.ResourceNotFoundException, ResourceType: "USER" });
    await fails(send("CreateGroupMembership", { GroupId, MemberId }),
      { kind: store.ResourceNotFoundException, ResourceType: "USER" });
    await fails(send("ListGroupMemberships", { GroupId: told.noSuchId }),
      { kind: store.ResourceNotFoundException, ResourceType: "GROUP" });
    await fails(identity.send(new store.ListUsersCommand({ IdentityStoreId: "d-0000000000" })),
      { kind: store.ResourceNotFoundException, ResourceType: "IDENTITY_STORE" });
  },

  async "a bad page is a ValidationException"() {
    const GroupId = await group(told.pushed);
    for (const MaxResults of [0, 101, -1])
      await fails(send("ListUsers", { MaxResults }), { kind: store.ValidationException });
    const { NextToken } = await send("ListUsers", { MaxResults: 10 });
    assert.equal((await send("ListUsers", { MaxResults: 10, NextToken })).Users.length, 10);
    await fails(send("ListUsers", { NextToken: `${NextToken}x` }), { kind: store.ValidationException });
    await fails(send("ListUsers", { NextToken: "garbled" }), { kind: store.ValidationException });
    await fails(send("ListGroupMemberships", { GroupId, NextToken }),
      { kind: store.ValidationException });
  },

  async "who may not is told so"() {
    await fails(send("CreateUser", { UserName: "new", DisplayName: "New" }),
      { kind: store.AccessDeniedException });
    const weak = make(store.IdentitystoreClient, { credentials: told.weak });
    await fails(send("ListUsers", {}, weak), { kind: store.AccessDeniedException });
    assert.ok((await send("ListGroups", {}, weak)).Groups.length);
  },

  async "wrong keys and a wrong clock are refused"() {
    const refuse = (more, name) => fails(send("ListGroups", {}, make(store.IdentitystoreClient, more)),
      { name });
    await refuse({ credentials: { ...own, accessKeyId: "AKIANOSUCHKEY0000001" } },
      "UnrecognizedClientException");
    await refuse({ credentials: { ...own, secretAccessKey: "another" } }, "InvalidSignatureException");
    await refuse({ region: "us-west-2" }, "InvalidSignatureException");
    for (const minutes of [-10, 10])
      await refuse({ systemClockOffset: minutes * 60_000 }, "InvalidSignatureException");
    await fails(make(sts.STSClient, { credentials: { ...own, secretAccessKey: "another" } }).send(
      new sts.GetCallerIdentityCommand({})), { name: "SignatureDoesNotMatch" });
  },

  async "the SDK finds the right time by the Date of the refusal"() {
    const client = make(store.IdentitystoreClient,
      { systemClockOffset: -10 * 60_000, maxAttempts: 2 });
    const { Groups, $metadata } = await send("ListGroups", {}, client);
    assert.equal(Groups.length, 2);
    assert.equal($metadata.attempts, 2);
  },

  async "the SDK tries again what was throttled, or failed inside"() {
    const patient = make(store.IdentitystoreClient, { maxAttempts: 3 });
    const UserId = await user(told.person);
    const once = { nth: 1, times: 1 };
    await play({ match: { operation: "DescribeUser", ...once },
      do: { rate: "bucket", retry_after: 30 } });
    await fails(send("DescribeUser", { UserId }), { kind: store.ThrottlingException });
    await play({ match: { operation: "DescribeUser", ...once },
      do: { rate: "bucket", retry_after: 30 } });
    const throttled = await send("DescribeUser", { UserId }, patient);
    assert.deepEqual([throttled.$metadata.attempts, throttled.UserName], [2, told.person]);
    await play({ match: { operation: "DescribeUser", ...once },
      do: { code: "InternalServerException", status: 500 } });
    assert.equal((await send("DescribeUser", { UserId }, patient)).$metadata.attempts, 2);
    await play({ match: { service: "sts", ...once }, do: { rate: "bucket", retry_after: 30 } });
    const caller = await make(sts.STSClient, { maxAttempts: 2 }).send(
      new sts.GetCallerIdentityCommand({}));
    assert.deepEqual([caller.Account, caller.$metadata.attempts], [told.account, 2]);
  },

  async "errors are the same with the statuses of the service model"() {
    await withQuirks({ statuses: "modelled" }, { statuses: "plain" }, async () => {
      const error = await fails(send("DescribeUser", { UserId: told.noSuchId }),
        { kind: store.ResourceNotFoundException, ResourceType: "USER" });
      assert.equal(error.$metadata.httpStatusCode, 404);
      for (const name of ["who may not is told so", "a bad page is a ValidationException",
        "what names nobody is told by kind",
        "a membership is made, seen, refused a second time, and deleted"])
        await claims[name]();
    });
  },

  async "shorter pages than asked for, and empty ones, are pages"() {
    const GroupId = await group(told.pushed);
    const list = () => all(store.paginateListGroupMemberships({ client: identity, pageSize: 100 },
      { IdentityStoreId, GroupId }), "GroupMemberships");
    await withQuirks({ page_cap: 30 }, { page_cap: 0 }, async () => {
      const [rows, pages] = await list();
      assert.deepEqual([rows.length, pages], [told.members, Math.ceil(told.members / 30)]);
    });
    await play({ match: { operation: "ListGroupMemberships", nth: 2, times: 1 },
      do: { token: "empty_page" } });
    const [rows, pages] = await list();
    assert.deepEqual([rows.length, pages], [told.members, Math.ceil(told.members / 100) + 1]);
  },

  async "a key that is away is told by its reason"() {
    for (const [kms, kind] of [["KMS_ACCESS_DENIED", store.AccessDeniedException],
      ["KMS_KEY_NOT_FOUND", store.ResourceNotFoundException],
      ["KMS_DISABLED", store.ValidationException],
      ["KMS_THROTTLING", store.ThrottlingException]]) {
      await withQuirks({ kms }, { kms: "" },
        () => fails(send("ListUsers"), { kind, Reason: kms }));
    }
  },
};

const group = async (name) => (await send("GetGroupId", { AlternateIdentifier: {
  UniqueAttribute: { AttributePath: "displayName", AttributeValue: name } } })).GroupId;
const user = async (name) => (await send("GetUserId", { AlternateIdentifier: byName(name) })).UserId;

let failed = 0;
for (const [name, claim] of Object.entries(claims)) {
  try {
    await claim();
    console.log(`ok - ${name}`);
  } catch (error) {
    failed++;
    console.log(`not ok - ${name}\n${error.stack}`);
  }
}
process.exit(failed ? 1 : 0);
