"""What both sides say: messages, parcels of datapoints, and the thread that moves them."""
