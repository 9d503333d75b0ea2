// Mercurius on Fastify with its JIT and mercurius-cache, which keeps resolvers' results (in Redis through ioredis, or in the process).
import Fastify from 'fastify'
import mercurius from 'mercurius'
import cache from 'mercurius-cache'
import { host, makeRedis, memory, port, resolvers, typeDefs } from './polls.mjs'

const app = Fastify({ logger: false })
await app.register(mercurius, { schema: typeDefs(), resolvers, jit: 1, graphiql: false })
await app.register(cache, {
  ttl: 5,
  policy: { Query: { poll: true, unread: true } },
  ...(memory ? {} : { storage: { type: 'redis', options: { client: makeRedis() } } }),
})
await app.listen({ port, host })
