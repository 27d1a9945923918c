// Run by the service mongo-setup of compose.yaml before the bots start; repeatable. It makes the one node a replica set,
// and a user that may read and write the bots' database and the one a backup is restored into, and nothing else.
const { MONGO_ROOT_PASSWORD, MONGO_PASSWORD, MONGO_DB } = process.env;
const address = `mongodb://root:${encodeURIComponent(MONGO_ROOT_PASSWORD)}@mongo:27017/admin?directConnection=true`;
const admin = new Mongo(address).getDB("admin");

try {
  admin.runCommand({ replSetGetStatus: 1 });
} catch (error) {
  if (error.codeName !== "NotYetInitialized") throw error;
  admin.runCommand({ replSetInitiate: { _id: "tollgate", members: [{ _id: 0, host: "mongo:27017" }] } });
}

for (let left = 300; !admin.runCommand({ hello: 1 }).isWritablePrimary; left--) {
  if (left === 0) throw new Error("the node has not become the primary within a minute");
  sleep(200);
}

const database = admin.getSiblingDB(MONGO_DB);
const roles = [MONGO_DB, `${MONGO_DB}_restored`].map((db) => ({ role: "readWrite", db }));
if (database.getUser("tollgate")) {
  database.updateUser("tollgate", { pwd: MONGO_PASSWORD, roles });
} else {
  database.createUser({ user: "tollgate", pwd: MONGO_PASSWORD, roles });
}
print(`replica set tollgate, user tollgate of ${MONGO_DB}`);
