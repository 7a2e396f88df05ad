// What OpenAI's own client makes of fathom's answers: client.mjs PORT TOKEN

import assert from "node:assert/strict";
import OpenAI, { AuthenticationError, BadRequestError } from "openai";

const [port, token] = process.argv.slice(2);
const baseURL = `http://localhost:${port}/v1`;
const client = new OpenAI({ baseURL, apiKey: token, maxRetries: 0 });
const model = (await client.models.list()).data[0].id;

const prompt = { model, prompt: "def add(a, b):\n    return", max_tokens: 12 };
const completion = await client.completions.create(prompt);
assert.equal(completion.object, "text_completion");
assert.ok(completion.choices[0].text.length > 0);
let text = "";
for await (const chunk of await client.completions.create({ ...prompt, stream: true })) text += chunk.choices[0].text;
assert.equal(text, completion.choices[0].text);

const question = { model, messages: [{ role: "user", content: "Say hello." }], max_tokens: 24 };
const chat = await client.chat.completions.create(question);
assert.equal(chat.choices[0].message.role, "assistant");
assert.equal(chat.usage.total_tokens, chat.usage.prompt_tokens + chat.usage.completion_tokens);
const helper = client.chat.completions.stream({ ...question, stream_options: { include_usage: true } });
const streamed = await helper.finalChatCompletion();
assert.equal(streamed.choices[0].message.content ?? "", chat.choices[0].message.content ?? "");
assert.equal(streamed.choices[0].finish_reason, chat.choices[0].finish_reason);
assert.equal(streamed.usage.total_tokens, chat.usage.total_tokens);

const schema = {
  type: "object",
  properties: { stars: { type: "integer", minimum: 1, maximum: 5 }, tag: { enum: ["bug", "style"] } },
  required: ["stars", "tag"],
  additionalProperties: false,
};
const rated = await client.chat.completions.parse({
  model,
  messages: [{ role: "user", content: "Rate it." }], // what the built-in model thinks of it ends
  max_tokens: 300,
  response_format: { type: "json_schema", json_schema: { name: "rating", strict: true, schema } },
});
assert.ok(rated.choices[0].message.parsed.stars >= 1);

await assert.rejects(client.completions.create({ ...prompt, n: 3 }), BadRequestError);
await assert.rejects(new OpenAI({ baseURL, apiKey: "wrong", maxRetries: 0 }).models.list(), AuthenticationError);
