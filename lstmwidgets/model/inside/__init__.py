"""What a network read and did, layer by layer and step by step; a trained one walked through its windows."""
