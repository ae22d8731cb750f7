// Reads messages as NDJSON from standard input, has Segment's own libraries judge each, and writes what their
// accessors see, one line of JSON for each message.
"use strict";

const readline = require("node:readline");
const facade = require("@segment/facade");
const validate = require("@segment/loosely-validate-event");

const KINDS = {
  track: facade.Track,
  identify: facade.Identify,
  group: facade.Group,
  page: facade.Page,
  screen: facade.Screen,
};
const ACCESSORS = {
  track: ["event", "properties"],
  identify: [
    ...["email", "firstName", "lastName", "name", "phone", "username", "website", "age", "birthday", "created"],
    ...["companyName", "street", "city", "state", "zip", "country"],
  ],
  group: ["name", "email", "employees", "industry", "created", "city", "country"],
  page: ["name", "category", "url", "path", "title", "referrer", "fullName", "properties"],
  screen: ["name", "category", "properties"],
};
const COMMON = ["type", "userId", "anonymousId", "groupId", "timestamp"];

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line);
  // The library takes what its caller's code holds: a Date, which JSON spells as text.
  validate({ ...message, timestamp: new Date(message.timestamp) });
  const read = new KINDS[message.type](message);
  const seen = {};
  for (const name of [...COMMON, ...ACCESSORS[message.type]]) {
    seen[name] = read[name]();
  }
  seen.toInflection = read.enabled("Inflection");
  process.stdout.write(`${JSON.stringify(seen)}\n`);
});
