"""Other GraphQL servers with the same polls in their own shape, each from one file, on PostgreSQL and Redis; see ../README.md."""
