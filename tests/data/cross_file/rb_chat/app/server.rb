require_relative "room"

class Server
  def initialize
    @rooms = Hash.new { |rooms, name| rooms[name] = Room.new(name) }
  end
end
