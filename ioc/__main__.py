"""`python -m ioc` is the `ioc` command."""

import sys

from ioc.cli import main

sys.exit(main())
