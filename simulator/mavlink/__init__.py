"""The embedded MAVLink vehicle: a small autopilot that a MAVSDK client cannot tell from PX4.
"""
