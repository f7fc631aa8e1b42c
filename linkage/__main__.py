"""``python -m linkage``: the command, where its folder is not on the path of the shell."""

from linkage.cli import main

if __name__ == "__main__":
    main()
