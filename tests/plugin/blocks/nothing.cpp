// A library in which there is no block.
