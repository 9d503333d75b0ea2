// GraphQL Yoga on node:http with its response cache plugin (in Redis through @envelop/response-cache-redis, or its in-memory LRU).
import { createServer } from 'node:http'
import { createRedisCache } from '@envelop/response-cache-redis'
import { createInMemoryCache, useResponseCache } from '@graphql-yoga/plugin-response-cache'
import { createSchema, createYoga } from 'graphql-yoga'
import { host, makeRedis, memory, port, resolvers, typeDefs } from './polls.mjs'

const yoga = createYoga({
  schema: createSchema({ typeDefs: typeDefs(), resolvers }),
  logging: false,
  graphiql: false,
  landingPage: false,
  plugins: [
    useResponseCache({
      session: () => null,
      ttl: 5000,
      cache: memory ? createInMemoryCache() : createRedisCache({ redis: makeRedis() }),
    }),
  ],
})
createServer(yoga).listen(port, host)
