"""What a report says in lines of text beside its tables."""
