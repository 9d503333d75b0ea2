// The tabs of a first visit, in the order in which a new user would try them.
// A tab is called after its operation. The first has no variables: GraphiQL shows none on a first visit.

type Example = { query: string; variables?: string };

const example = (query: string, variables?: Record<string, unknown>): Example =>
  variables ? { query, variables: JSON.stringify(variables, null, 2) } : { query };

const CHANNEL_ID = "<id, from CreateChannel or Channels>";

export const EXAMPLES: Example[] = [
  example(`# Shows who the token belongs to. No variables.
query WhoAmI {
  viewer {
    id
    name
    image
  }
}
`),

  example(
    `# Creates a channel that the viewer owns.
# Variables: its name (unique if PUBLIC), topic, kind
# (PUBLIC, PRIVATE or DIRECT) and further members.
mutation CreateChannel($input: CreateChannelInput!) {
  createChannel(input: $input) {
    channel {
      id
      name
      topic
      kind
      viewerRole
    }
    userErrors {
      field
      message
      code
    }
  }
}
`,
    { input: { name: "lobby", topic: "First steps", kind: "PUBLIC", memberIds: [] } },
  ),

  example(
    `# Sends a message. Add a clientMessageId to make a retry
# safe: the same id gives the same message.
# Variables: the channel and the text.
mutation SendMessage($input: SendMessageInput!) {
  sendMessage(input: $input) {
    message {
      id
      cursor
      seq
      content
      createdAt
    }
    userErrors {
      field
      message
      code
    }
  }
}
`,
    { input: { channelId: CHANNEL_ID, content: "Hello" } },
  ),

  example(
    `# One poll: what follows a cursor, oldest first. Then wait
# the pollingInterval and ask again after endCursor.
# Variables: the channel, the last endCursor (null starts
# at the oldest message) and the page size.
query PollMessages($channelId: ID!, $after: String, $first: Int = 50) {
  messages(channelId: $channelId, after: $after, first: $first) {
    nodes {
      id
      cursor
      seq
      version
      author {
        id
        name
      }
      content
      createdAt
      editedAt
      deletedAt
    }
    pageInfo {
      hasNextPage
      endCursor
    }
    pollingInterval {
      milliseconds
      reason
    }
  }
}
`,
    { channelId: CHANNEL_ID, after: null, first: 50 },
  ),

  example(
    `# Lists unread notifications, newest first, and the
# numbers for a badge. Variables: the page size.
query UnreadNotifications($first: Int = 20) {
  unreadNotifications(first: $first) {
    nodes {
      id
      type
      title
      content
      link
      createdAt
      actor {
        id
        name
      }
    }
    unseenCount
    unreadCount
    hasNew
    pollingInterval {
      milliseconds
      reason
    }
  }
}
`,
    { first: 20 },
  ),

  example(
    `# Lists the viewer's channels, most recently active first,
# and shows the metadata of one (null if hidden).
# Variables: the page size and the one channel.
query Channels($first: Int = 20, $channelId: ID!) {
  channels(first: $first) {
    nodes {
      id
      name
      unreadCount
      mentionCount
      lastMessage {
        content
        createdAt
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
  channel(id: $channelId) {
    id
    name
    topic
    kind
    createdAt
    archivedAt
    memberCount
    activeUsers
    viewerRole
    lastReadCursor
  }
}
`,
    { first: 20, channelId: CHANNEL_ID },
  ),

  example(
    `# Shows when to ask again and why; the X-Poll-Interval
# header of every answer says it in seconds.
# Variables: the channel (null: the server in general) and
# what the user does: ACTIVE, IDLE or BACKGROUND.
query PollingInterval($channelId: ID, $activity: ClientActivity = ACTIVE) {
  pollingInterval(channelId: $channelId, activity: $activity) {
    milliseconds
    reason
    activeUsers
    serverLoad
  }
}
`,
    { channelId: null, activity: "ACTIVE" },
  ),
];
