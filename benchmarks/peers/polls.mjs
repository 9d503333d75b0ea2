// The polls of every peer here: schema, SQL, the shape of the rows. PORT, DATABASE_URL, REDIS_URL and CACHE come from the measurement.
import { Redis } from 'ioredis'
import pg from 'pg'

export const host = '127.0.0.1'
export const port = Number(process.env.PORT)
export const redisUrl = process.env.REDIS_URL
export const memory = process.env.CACHE === 'memory'
export const makeRedis = () => new Redis(redisUrl)

export const typeDefs = (directives = { root: '', inherit: '' }) => /* GraphQL */ `
  type User ${directives.inherit} { id: ID! name: String! image: String }
  type Message ${directives.inherit} { id: ID! seq: String! content: String! createdAt: String! author: User! }
  type Poll ${directives.inherit} { messages: [Message!]! activeUsers: Int! pollInterval: Int! }
  type Notification ${directives.inherit} { id: ID! type: String! title: String! content: String! link: String createdAt: String! }
  type Unread ${directives.inherit} { count: Int! items: [Notification!]! }
  type Query {
    poll(channelId: ID!, after: String!, limit: Int = 50): Poll! ${directives.root}
    unread(userId: ID!, first: Int = 20): Unread! ${directives.root}
  }`

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20 })

async function loadPoll({ channelId, after, limit }) {
  const [rows, active] = await Promise.all([
    pool.query({
      name: 'messages',
      text: `SELECT m.id, m.seq, m.content, m.created_at, u.id AS uid, u.name, u.image
             FROM messages m JOIN users u ON u.id = m.author_id
             WHERE m.channel_id = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $3`,
      values: [channelId, after, Math.min(limit, 100)],
    }),
    pool.query({
      name: 'active',
      text: `SELECT count(*)::int AS n FROM presence WHERE channel_id = $1 AND seen_at > now() - interval '5 minutes'`,
      values: [channelId],
    }),
  ])
  const activeUsers = active.rows[0].n
  return {
    messages: rows.rows.map((r) => ({
      id: r.id, seq: r.seq, content: r.content, createdAt: r.created_at.toISOString(),
      author: { id: r.uid, name: r.name, image: r.image },
    })),
    activeUsers,
    pollInterval: rows.rows.length ? 1000 : activeUsers > 10 ? 2000 : 5000,
  }
}

async function loadUnread({ userId, first }) {
  const [rows, count] = await Promise.all([
    pool.query({
      name: 'unread',
      text: `SELECT id, type, title, content, link, created_at FROM notifications
             WHERE user_id = $1 AND NOT read ORDER BY created_at DESC LIMIT $2`,
      values: [userId, Math.min(first, 100)],
    }),
    pool.query({ name: 'count', text: 'SELECT count(*)::int AS n FROM notifications WHERE user_id = $1 AND NOT read', values: [userId] }),
  ])
  return {
    count: count.rows[0].n,
    items: rows.rows.map((r) => ({
      id: r.id, type: r.type, title: r.title, content: r.content, link: r.link, createdAt: r.created_at.toISOString(),
    })),
  }
}

export const resolvers = {
  Query: { poll: (_, args) => loadPoll(args), unread: (_, args) => loadUnread(args) },
}
