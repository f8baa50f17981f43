"""The playground: base and tuned model of a run, asked by people, in a process of its own."""
