"""Reports as pages and as one file to hand on: what failed, how far people agree, the fix, the verdict, examples."""
