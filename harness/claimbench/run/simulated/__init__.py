"""What is done between steps of episodes while a run goes on: users are asked, functions run."""
