"""What a cell did: gates and their equations, traces, the memory ledger, units and past windows like one."""
