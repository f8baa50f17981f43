"""Few examples become more: a teacher writes candidates, and only good ones join the training rows."""
