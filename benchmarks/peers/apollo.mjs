// Apollo Server 5 on Fastify (its quickest maintained integration) with its response cache plugin, over Keyv's Redis adapter.
import { ApolloServer } from '@apollo/server'
import cachePlugin from '@apollo/server-plugin-response-cache'
import { KeyvAdapter } from '@apollo/utils.keyvadapter'
import fastifyApollo from '@as-integrations/fastify'
import KeyvRedis from '@keyv/redis'
import Fastify from 'fastify'
import Keyv from 'keyv'
import { host, memory, port, redisUrl, resolvers, typeDefs } from './polls.mjs'

const directive = `
  enum CacheControlScope { PUBLIC PRIVATE }
  directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean) on FIELD_DEFINITION | OBJECT | INTERFACE | UNION
`
const apollo = new ApolloServer({
  typeDefs: directive + typeDefs({ root: '@cacheControl(maxAge: 5)', inherit: '@cacheControl(inheritMaxAge: true)' }),
  resolvers,
  plugins: [(cachePlugin.default ?? cachePlugin)()],
  ...(memory ? {} : { cache: new KeyvAdapter(new Keyv(new KeyvRedis(redisUrl))) }),
})
await apollo.start()
const app = Fastify({ logger: false })
await app.register((fastifyApollo.default ?? fastifyApollo)(apollo), { path: '/graphql' })
await app.listen({ port, host })
