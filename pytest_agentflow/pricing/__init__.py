"""The price book and the locks made from it."""
