// The same listing by the official SDK for JavaScript, as its manual says to do it: PACKAGES URL
// STORE GROUP MEMBERS. It keeps what it got, as we do: the ids of the members.
import { createRequire } from "node:module";

const [packages, endpoint, IdentityStoreId, name, expected] = process.argv.slice(2);
const { IdentitystoreClient, GetGroupIdCommand, paginateListGroupMemberships } =
  createRequire(`${packages}/load.js`)("@aws-sdk/client-identitystore");

const client = new IdentitystoreClient({ endpoint });
const { GroupId } = await client.send(new GetGroupIdCommand({ IdentityStoreId,
  AlternateIdentifier: { UniqueAttribute: { AttributePath: "displayName", AttributeValue: name } } }));
const members = [];
for await (const page of paginateListGroupMemberships({ client, pageSize: 100 },
  { IdentityStoreId, GroupId }))
  for (const { MemberId } of page.GroupMemberships) members.push(MemberId.UserId);
if (members.length !== Number(expected)) {
  console.error(`sdk_members: ${members.length} members instead of ${expected}`);
  process.exit(1);
}
