"""Building blocks of the admin pages of both apps."""
