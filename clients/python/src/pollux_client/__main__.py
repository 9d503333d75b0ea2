"""`python -m pollux_client` is the command `pollux-client`."""

import sys

from pollux_client.terminal.command import main

sys.exit(main())
