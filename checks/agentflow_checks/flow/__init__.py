"""Text followed through a run word for word, for families that judge stages."""
