"""What the network is: structure and numbers as arrays, without files or medicine."""
