"""What the answers of a classification rest on: parts of pictures and words of captions, as a run left them."""
