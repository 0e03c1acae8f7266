"""What a return does to the world outside its workflow, one file per step."""
