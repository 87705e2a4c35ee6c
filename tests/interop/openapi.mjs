// Checks the description of the API that a server gives: that it is valid OpenAPI 3.1, and that what the server answers is as it says.
//   node openapi.mjs URL PASSWORD-FILE
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { Validator } from '@seriousme/openapi-schema-validator'
import Ajv2020 from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

const [url, passwordFile] = process.argv.slice(2)
const password = (await readFile(passwordFile, 'utf8')).trim()
const headers = { authorization: 'Basic ' + Buffer.from(`root:${password}`).toString('base64') }

const description = await (await fetch(new URL('/api/openapi.json', url))).json()
const validator = new Validator()
const verdict = await validator.validate(structuredClone(description))
assert.ok(verdict.valid, JSON.stringify(verdict.errors, null, 1))
assert.equal(validator.version, '3.1')

// A member that is not described is a fault here, so that nothing is left out of the description.
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed)
  if (schema === null || typeof schema !== 'object') return schema
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  return copy.properties && !copy.anyOf && typeof copy.properties === 'object' ? { additionalProperties: false, ...copy } : copy
}

const ajv = new Ajv2020({ strict: false, allErrors: true })
addFormats(ajv)
ajv.addFormat('int64', true)
ajv.addSchema({ $id: 'api', components: { schemas: closed(description.components.schemas) } })

async function call(path, body) {
  const response = await fetch(new URL(path, url), body === undefined
    ? { headers }
    : { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const name = path.split('?')[0]
  const operation = description.paths[name][body === undefined ? 'get' : 'post']
  const described = operation.responses[response.status] ?? description.components.responses.Failure
  if (response.status === 204) {
    assert.equal(described.content, undefined)
    return undefined
  }
  const answer = await response.json()
  const check = ajv.compile(JSON.parse(JSON.stringify(described.content['application/json'].schema).replaceAll('"#/', '"api#/')))
  assert.ok(check(answer), `${path}: ${JSON.stringify(check.errors, null, 1)}\n${JSON.stringify(answer, null, 1)}`)
  return answer
}

const status = await call('/api/recovery/get_status')
assert.equal(status.protected.length, 1)
const { plans } = await call('/api/recovery/get_plans?foreign=true')
assert.equal(plans.length, 1)
const read = await call('/api/recovery/read_plan', { name: 'shop', request: { policy: { kind: 'test' } } })
assert.deepEqual(read, plans[0].request)
const planned = await call('/api/recovery/plan', { request: plans[0].request })
assert.ok(planned.digest)
assert.equal((await call('/api/recovery/get_schedules')).length, 1)
for (const list of ['get_sites?test=true', 'get_runs', 'list_hooks', 'get_approvals']) await call(`/api/recovery/${list}`)
assert.equal(await call('/api/recovery/remove_schedule', { name: 'nightly' }), undefined)
assert.equal((await call('/api/recovery/remove_schedule', { name: 'nightly' })).code, 'DR_SCHEDULE_UNKNOWN')
const srs = await call('/api/SR/get_by_name_label?label=storage')
await call(`/api/SR/get_database_replication_state?sr=${srs[0]}`)
