"""The console protocol: pure, and shared with the host by import."""
