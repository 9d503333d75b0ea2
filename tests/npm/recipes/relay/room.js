// What relay-compiler reads; in an application it is where it is used, and Babel puts the artifact in its place.
import { graphql } from "relay-runtime";

graphql`
  query roomQuery($channelId: ID!, $count: Int!, $cursor: String) {
    channel(id: $channelId) {
      id
      messages(first: $count, after: $cursor) @connection(key: "room_messages") {
        edges { node { id seq content } }
      }
      pollingInterval { milliseconds }
    }
  }
`;
